import { type Api, jsonApi } from "../api.ts";
import { VendorError } from "../errors.ts";

/** The Web API of one environment, as one signed-in identity; paths come after `/api/data/v9.2/`. */
export interface Dataverse extends Api {
  /** Without a trailing slash. */
  readonly environmentUrl: string;
  /** The absolute address of a row, as relationships want it. */
  reference(path: string): string;
}

export function dataverse(environmentUrl: string, token: () => Promise<string>): Dataverse {
  const base = `${environmentUrl}/api/data/v9.2/`;
  const api = jsonApi(base, token, { "OData-MaxVersion": "4.0", "OData-Version": "4.0" });
  return {
    ...api,
    environmentUrl,
    reference: (path) => base + path,
    // "If-Match: *": change what is there; without it a PATCH of a missing row creates one.
    patch: (path, body) => api.patch(path, body, { "If-Match": "*" }),
  };
}

/** A string literal for a `$filter`. */
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** True for "exists already", in each of the shapes the platform has for it (wire facts D6). */
export const isDuplicate = (error: unknown) =>
  error instanceof VendorError && ["0x80040237", "0x8004f511"].includes(error.code);
