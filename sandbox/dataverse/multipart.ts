import { notServed } from "./refusal.ts";

/** One part of a multipart text: its headers by lower-case name, and what follows them. */
export interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly content: string;
}

/** The boundary that a Content-Type of `multipart/mixed` names; undefined for any other type. */
export function boundaryOf(contentType = ""): string | undefined {
  if (!/^multipart\/mixed\b/i.test(contentType.trim())) return undefined;
  return /boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(contentType)?.slice(1).find(Boolean);
}

/** Cuts a multipart text at its boundary. One that never names the boundary has no parts. Lines end in CRLF. */
export function partsOf(text: string, boundary: string): Part[] {
  if (/(?<!\r)\n--/.test(text))
    notServed("a batch whose lines do not end in CRLF (what Dataverse says of it is not known)");
  const [, ...pieces] = `\r\n${text}`.split(`\r\n--${boundary}`);
  const end = pieces.findIndex((piece) => piece.startsWith("--"));
  return pieces.slice(0, end < 0 ? undefined : end).map((piece) => headedText(piece.replace(/^[ \t]*\r\n/, "")));
}

/** Headers up to the first empty line, then the rest; headers alone where there is no empty line. */
export function headedText(text: string): Part {
  const [, head = "", content = ""] = /^((?:[^\r\n]+(?:\r\n|$))*)(?:\r\n)?(.*)$/s.exec(text)!;
  const headers = new Map<string, string>();
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { headers, content };
}
