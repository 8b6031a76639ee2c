import { notServed } from "./refusal.ts";
import { pageLimit } from "./request.ts";

/** The parts of the `Prefer` header that this service honours. */
export interface Preferences {
  readonly representation: boolean;
  readonly pageSize: number | undefined;
  /** Of a batch: go on after an operation that failed. */
  readonly continueOnError: boolean;
  /** `odata.include-annotations` as it came: names or patterns with a `*` at the end. */
  readonly annotations: string | undefined;
}

/** Reads the `Prefer` header. What Dataverse does not know it drops silently (wire facts D1); what it knows and we do not is 501. */
export function preferencesOf(header = ""): Preferences {
  for (const name of ["respond-async", "odata.track-changes"]) {
    if (header.toLowerCase().includes(name)) notServed(`the preference ${name}`);
  }
  const size = /odata\.maxpagesize\s*=\s*"?(\d+)/i.exec(header)?.[1];
  return {
    representation: /return\s*=\s*representation/i.test(header),
    pageSize: size ? Math.min(Number(size), pageLimit) || undefined : undefined,
    continueOnError: /odata\.continue-on-error(?!\s*=\s*false)/i.test(header),
    annotations: annotationsOf(header),
  };
}

/** What `odata.include-annotations` asks for; undefined where the header does not have it. */
export function annotationsOf(header = ""): string | undefined {
  return /odata\.include-annotations\s*=\s*(?:"([^"]*)"|([^\s,;]+))/i.exec(header)?.slice(1).find(Boolean);
}

/** Whether an annotation was asked for, by name or by a pattern like `Microsoft.Dynamics.CRM.*`. */
export function wantsAnnotation(annotations: string | undefined, name: string): boolean {
  return (annotations ?? "")
    .split(",")
    .map((pattern) => pattern.trim())
    .some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}
