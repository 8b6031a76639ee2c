import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { guidOf, type Store } from "./store.ts";

/** What an access token of the sandbox says: the claims of wire facts A4, of an application or of a person. */
export interface Claims {
  /** The resource the token is for, as the client asked for it. */
  readonly aud: string;
  /** Client id of the application that signed in. */
  readonly appid: string;
  /** Object id of its service principal in the tenant; of the person where one signed in. */
  readonly oid: string;
  /** Tenant that issued the token. */
  readonly tid: string;
  /** Application permissions on the resource, where any are granted. */
  readonly roles?: readonly string[];
  /** Delegated permissions on the resource, separated by spaces; only in a token of a person. */
  readonly scp?: string;
  /** How the application proved who it is: "1" secret, "2" certificate or assertion. */
  readonly appidacr?: string;
}

/** Thrown by {@link Tokens.verify}: why a bearer token was not accepted. */
export class InvalidToken extends Error {
  /** `issuer` when the token is good but of another tenant than the one asked for. */
  readonly reason: "missing" | "malformed" | "expired" | "audience" | "issuer";

  constructor(reason: InvalidToken["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

const lifetimeSeconds = 3599;

/** Signs and checks the tokens of all tenants with one key, which survives restarts with the store. */
export class Tokens {
  private readonly store: Store;
  private readonly privateKey: CryptoKey;
  /** What `/discovery/keys` serves. */
  readonly publicJwk: JWK;

  private constructor(store: Store, privateKey: CryptoKey, publicJwk: JWK) {
    this.store = store;
    this.privateKey = privateKey;
    this.publicJwk = publicJwk;
  }

  static async open(store: Store): Promise<Tokens> {
    const keys = store.collection<JWK>("signingKeys");
    if (!keys.has("private")) {
      const pair = await generateKeyPair("RS256", { extractable: true });
      keys.set("private", await exportJWK(pair.privateKey));
    }
    const jwk = keys.get("private")!;
    const publicJwk = { kty: jwk.kty, n: jwk.n, e: jwk.e, kid: "sandbox", use: "sig", alg: "RS256" };
    return new Tokens(store, (await importJWK(jwk, "RS256")) as CryptoKey, publicJwk);
  }

  /**
   * A v1 access token, as Dataverse, Graph, Resource Manager and Key Vault get them; of version 2 where its `issuer` is given.
   * `idtyp: false` leaves that claim out.
   */
  async issue(
    claims: Claims,
    form: { issuer?: string; idtyp?: boolean } = {},
  ): Promise<{ accessToken: string; expiresIn: number }> {
    const now = Math.floor(this.store.now().getTime() / 1000);
    const { appid, appidacr, ...others } = claims;
    const issuer = form.issuer ?? `https://sts.windows.net/${claims.tid}/`;
    const accessToken = await new SignJWT({
      ...others,
      ...(form.issuer ? { ver: "2.0", azp: appid, azpacr: appidacr } : { ver: "1.0", appid, appidacr, idp: issuer }),
      sub: claims.oid,
      ...(form.idtyp !== false && { idtyp: "scp" in claims ? "user" : "app" }),
      uti: guidOf(`${now}`),
    })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: "sandbox" })
      .setIssuer(issuer)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + lifetimeSeconds)
      .sign(this.privateKey);
    return { accessToken, expiresIn: lifetimeSeconds };
  }

  /**
   * Checks an `Authorization` header: signature, expiry (by the sandbox's clock), audience (a trailing slash does not
   * count) and, if given, tenant. Throws {@link InvalidToken}.
   */
  async verify(
    authorization: string | undefined,
    expected: { audiences: readonly string[]; tenantId?: string },
  ): Promise<Claims> {
    const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
    if (!token) throw new InvalidToken("missing", "Authorization header is missing.");
    let claims: Claims;
    try {
      const key = await importJWK(this.publicJwk, "RS256");
      const { payload } = await jwtVerify(token, key, { currentDate: this.store.now() });
      claims = { ...payload, appid: payload.appid ?? payload.azp } as unknown as Claims;
    } catch (error) {
      const expired = (error as { code?: string }).code === "ERR_JWT_EXPIRED";
      throw new InvalidToken(
        expired ? "expired" : "malformed",
        expired ? "The token is expired." : "The token is not valid.",
      );
    }
    const bare = (url: string) => url.replace(/\/+$/, "").toLowerCase();
    if (!expected.audiences.some((audience) => bare(audience) === bare(claims.aud))) {
      throw new InvalidToken("audience", `The token is for '${claims.aud}'.`);
    }
    if (expected.tenantId && claims.tid !== expected.tenantId) {
      throw new InvalidToken("issuer", `The token is of tenant '${claims.tid}'.`);
    }
    return claims;
  }
}
