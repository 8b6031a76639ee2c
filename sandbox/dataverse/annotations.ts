import { lookupTarget } from "./lookups.ts";
import type { Row, Value } from "./organization-data.ts";
import { type Preferences, wantsAnnotation } from "./preferences.ts";
import { notServed } from "./refusal.ts";
import { type DataverseRequest, pageLimit } from "./request.ts";
import { type Column, columnOfProperty, type Table } from "./table.ts";

const formattedValue = "OData.Community.Display.V1.FormattedValue";
const logicalName = "Microsoft.Dynamics.CRM.lookuplogicalname";
const navigationProperty = "Microsoft.Dynamics.CRM.associatednavigationproperty";

/** The annotations of one property of a row that the request asks for; none of a null (wire facts D1). */
export function propertyAnnotations(
  { data, preferences }: Pick<DataverseRequest, "data" | "preferences">,
  table: Table,
  row: Row,
  property: string,
): Record<string, string> {
  const { name, column } = columnOfProperty(table, property)!;
  const value = row[name] ?? null;
  if (value === null || preferences.annotations === undefined) return {};
  const annotations: Record<string, string> = {};
  const annotate = (annotation: string, text: () => string | undefined) => {
    if (!wantsAnnotation(preferences.annotations, annotation)) return;
    const given = text();
    if (given !== undefined) annotations[`${property}@${annotation}`] = given;
  };
  if (column.kind === "lookup") {
    const target = lookupTarget(data, row, { name, column });
    annotate(formattedValue, () => target?.name);
    annotate(navigationProperty, () => target?.navigation);
    annotate(logicalName, () => target?.table.logicalName);
  } else {
    annotate(formattedValue, () => formatted(column, value, property));
  }
  return annotations;
}

/** The annotations of a list of rows: how many there are, where `$count` asked for that, and the version of the metadata. */
export function listAnnotations(preferences: Preferences, count: number | undefined): Record<string, unknown> {
  const all: Record<string, unknown> = {
    "Microsoft.Dynamics.CRM.totalrecordcount": count === undefined ? -1 : Math.min(count, pageLimit),
    "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded": count !== undefined && count > pageLimit,
    "Microsoft.Dynamics.CRM.globalmetadataversion": "1000000",
  };
  const wanted = Object.entries(all).filter(([name]) => wantsAnnotation(preferences.annotations, name));
  return Object.fromEntries(wanted.map(([name, value]) => [`@${name}`, value]));
}

/** A value as a user with Dataverse's first settings sees it: English (United States), here at UTC. */
function formatted(
  { kind, labels, attributeType, dateOnly }: Column,
  value: Value,
  property: string,
): string | undefined {
  if (labels) return labels[Number(value)];
  if (attributeType === "Money") notServed(`the formatted value of ${property}, as it has no currencies`);
  if (kind === "integer" || kind === "decimal") return Number(value).toLocaleString("en-US");
  if (kind !== "datetime") return undefined;
  const time = new Date(String(value));
  const date = time.toLocaleDateString("en-US", { timeZone: "UTC" });
  if (dateOnly) return date;
  const clock = time.toLocaleTimeString("en-US", { timeZone: "UTC", hour: "numeric", minute: "2-digit" });
  return `${date} ${clock.replace("\u202f", " ")}`;
}
