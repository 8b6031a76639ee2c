import type { OrganizationData } from "./organization-data.ts";
import { annotationsOf, wantsAnnotation } from "./preferences.ts";
import type { DataverseError } from "./refusal.ts";
import type { Answer } from "./request.ts";

/** The body of an answer as it goes over the wire; undefined where there is none. */
export function contentOf({ body, contentType }: Answer): { text: string; type: string } | undefined {
  if (body === undefined) return undefined;
  if (typeof body === "string") return { text: body, type: contentType ?? "text/plain" };
  return { text: JSON.stringify(body), type: "application/json; odata.metadata=minimal" };
}

/** An error as an answer, with the details that the request's `Prefer` header asks for (wire facts D3). */
export function errorAnswer(data: OrganizationData, error: DataverseError, prefer: string | undefined): Answer {
  const { message, status, headers } = error;
  const isOfPayload = message.startsWith("Error identified in Payload");
  const code = isOfPayload ? data.switch("payloadErrorCode") : error.code;
  const wanted = annotationsOf(prefer);
  const details = {
    "Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus": "0",
    "Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode": "0",
    "Microsoft.PowerApps.CDS.HelpLink": `http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a${code.replace(/^0x/, "")}&client=platform`,
    "Microsoft.PowerApps.CDS.TraceText": "",
    "Microsoft.PowerApps.CDS.InnerError.Message": message,
  };
  const shown = Object.entries(details).filter(([name]) => wantsAnnotation(wanted, name));
  const annotations = Object.fromEntries(shown.map(([name, value]) => [`@${name}`, value]));
  return { status, headers, body: { error: { code, message, ...annotations } } };
}
