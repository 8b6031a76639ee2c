import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Settings } from "../../dynamic-providers/identities.ts";
import { type AdminConsentInputs, adminConsent } from "../../dynamic-providers/lifecycles/admin-consent.ts";
import {
  type ApplicationCertificateInputs,
  applicationCertificate,
} from "../../dynamic-providers/lifecycles/application-certificate.ts";
import { applicationUser } from "../../dynamic-providers/lifecycles/application-user.ts";
import { newCertificate } from "../support/certificate.ts";
import { EntraClient, fabrikam } from "../support/entra.ts";
import { passwordStack, type Schedule } from "../support/password-stack.ts";
import { armClient, roles } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox, trust } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

/**
 * What the lifecycles do while the directory is a second behind (wire facts C2, C7): what they read may be missing, or older than
 * what they wrote. The clock is the machine's, so they wait it out; test/engine/directory-lag.test.ts has whole stacks.
 */
const schedule: Schedule = { lifetimeYears: 1, renewBeforeDays: 30, overlapDays: 7 };
const httpModule = "../../dynamic-providers/http.ts";

let sandbox: TestSandbox;
let entra: EntraClient;
const now = () => sandbox.context.store.now();

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  entra = new EntraClient(sandbox);
});
afterAll(() => sandbox.close());

const setLag = (directorySeconds: number, flapping = false) =>
  sandbox.context.replication.setLag({ directorySeconds, roleAssignmentSeconds: directorySeconds, flapping });

/** What is so, seen without the lag. */
function inTruth<T>(look: () => Promise<T>): Promise<T> {
  setLag(0);
  return look();
}

/** What the engine would hand over. */
function settings(environment: Record<string, string>): Settings {
  const { login, graph } = sandbox.endpoints;
  const endpoints = JSON.stringify({ loginUrl: login, graphUrl: graph, keyVaultHost: "127.0.0.1" });
  const config = (key: string) => (key === "dataverse-s2s:endpoints" ? endpoints : undefined);
  return { config, environment, say: () => {}, warn: () => {} };
}

/** Loses everything from the first matching request on: its answer where `after`, else the request itself. */
function cutOffAt(pattern: RegExp, after: boolean): void {
  let isCut = false;
  vi.doMock(httpModule, async (original) => {
    const http = await original<typeof import("../../dynamic-providers/http.ts")>();
    const send: typeof http.send = async (request) => {
      const isIt = pattern.test(`${request.method} ${request.url}`);
      if (!isCut && !isIt) return http.send(request);
      if (!isCut && after) await http.send(request);
      isCut = true;
      throw new http.NoAnswer(request, "cut off");
    };
    return { ...http, send };
  });
}

describe.each([{ flapping: false }, { flapping: true }])(
  "a directory that is behind (flapping: $flapping)",
  ({ flapping }) => {
    afterEach(() => {
      vi.doUnmock(httpModule);
      setLag(0);
    });

    /** A stack whose application and vault all have seen; from now on the directory is behind. */
    async function settledStack() {
      const stack = await passwordStack(sandbox);
      setLag(1, flapping);
      return stack;
    }

    describe("with a client secret", () => {
      it("shows the new one before the update ends: a refresh right after it is no drift", async () => {
        const stack = await settledStack();
        await stack.up(now(), schedule);
        for (const _ of [1, 2, 3]) {
          await stack.refresh(now());
          expect(await stack.preview(now(), schedule)).toBe(false);
        }
        expect(await inTruth(stack.passwords)).toHaveLength(1);
        expect(await stack.enabledVersions()).toEqual([true]);
      });

      it("has the one of a run that was cut off waited for, by what the vault tells of it, not replaced", async () => {
        const stack = await settledStack();
        cutOffAt(/PUT .*\/secrets\/client-secret/, true);
        await expect(stack.up(now(), schedule)).rejects.toThrow("cut off");
        vi.doUnmock(httpModule);
        await stack.up(now(), schedule);
        expect(await inTruth(stack.passwords)).toHaveLength(1);
        expect(await stack.enabledVersions()).toEqual([true]);
        expect(await stack.signsIn(await stack.secret())).toBe(true);
      });

      it("ends with one where the text of another was lost with its run", async () => {
        const stack = await settledStack();
        cutOffAt(/POST .*\/addPassword/, true);
        await expect(stack.up(now(), schedule)).rejects.toThrow("cut off");
        vi.doUnmock(httpModule);
        await stack.up(now(), schedule);
        expect(await inTruth(stack.passwords)).toHaveLength(1);
        expect(await stack.signsIn(await stack.secret())).toBe(true);
      });

      it("takes one that was removed, and still shows, for removed", async () => {
        const stack = await settledStack();
        await stack.up(now(), schedule);
        cutOffAt(/POST .*\/removePassword/, true);
        await expect(stack.up(now(), { ...schedule, rotateNow: "leak" })).rejects.toThrow("cut off");
        vi.doUnmock(httpModule);
        await stack.up(now(), { ...schedule, rotateNow: "leak" });
        expect(await inTruth(stack.passwords)).toEqual([expect.stringContaining(" leak ")]);
        expect(await stack.signsIn(await stack.secret())).toBe(true);
      });

      it("goes with its stack", async () => {
        const stack = await settledStack();
        await stack.up(now(), schedule);
        await stack.destroy();
        expect(await stack.passwords()).toEqual([]);
        expect(await inTruth(stack.passwords)).toEqual([]);
      });
    });

    describe("with certificates, which are written all at once", () => {
      let inputs: ApplicationCertificateInputs;
      let provider: ReturnType<typeof applicationCertificate>;
      const registered = async () =>
        (await entra.graph("GET", `/applications/${inputs.applicationObjectId}`)).data.keyCredentials as {
          displayName: string;
        }[];

      beforeEach(async () => {
        const stack = await passwordStack(sandbox);
        const { tenantId, clientId, clientSecret, objectId } = sandbox.administrator;
        await armClient(sandbox).grant(objectId, roles.certificatesOfficer, stack.vaultPath);
        const environment = { ARM_TENANT_ID: tenantId, ARM_CLIENT_ID: clientId, ARM_CLIENT_SECRET: clientSecret };
        provider = applicationCertificate(settings(environment));
        const { id: applicationObjectId, appId: applicationId } = stack.application;
        inputs = {
          applicationObjectId,
          applicationId,
          vaultUri: stack.vaultUri,
          certificateName: "first",
          subject: "CN=Contoso Orders",
          validityMonths: 12,
          keySize: 2048,
          period: "2026-01-01",
          overlapDays: 7,
          asOf: new Date().toISOString().slice(0, 10),
          rowId: crypto.randomUUID(),
        };
        const foreign = { ...(await newCertificate()).keyCredential, displayName: "somebody else's" };
        await entra.graph("PATCH", `/applications/${applicationObjectId}`, { body: { keyCredentials: [foreign] } });
        setLag(1, flapping);
      });

      it("loses none, and brings none back", async () => {
        const first = (await provider.create(inputs)).outs!;
        const more = { ...inputs, certificateName: "second", rowId: crypto.randomUUID() };
        const second = (await provider.create(more)).outs!;
        expect(await registered()).toHaveLength(3);
        expect((await provider.read!("id", second)).props).toMatchObject({ period: "2026-01-01" });
        await provider.delete!("id", first);
        await provider.delete!("id", second);
        expect(await inTruth(registered)).toMatchObject([{ displayName: "somebody else's" }]);
      });

      // Where no replica shows it, nothing can be done: see lifecycles/registered-certificates.ts.
      it("keeps one that somebody registered just now, where some replica shows it", async () => {
        setLag(1, true);
        const theirs = { ...(await newCertificate()).keyCredential, displayName: "another of theirs" };
        const keyCredentials = [...(await registered()), theirs];
        await entra.graph("PATCH", `/applications/${inputs.applicationObjectId}`, { body: { keyCredentials } });
        await provider.create(inputs);
        expect(await inTruth(registered)).toHaveLength(3);
      });
    });

    describe("with a tenant's consent", () => {
      const consents = async (clientId: string) => {
        const rows = async (path: string) => (await entra.graph("GET", path, { as: fabrikam })).data.value;
        const principals: { id: string }[] = await rows(`/servicePrincipals?$filter=appId eq '${clientId}'`);
        const grants: { clientId: string }[] = await rows("/oauth2PermissionGrants");
        return [principals.length, grants.filter((grant) => grant.clientId === principals[0]?.id).length];
      };

      /** The consent of fabrikam for an application that may be new itself. */
      function consent(clientId: string, clientSecret: string) {
        const environment = {
          DATAVERSE_S2S_CLIENT_SECRET: clientSecret,
          DATAVERSE_S2S_ADMIN_FABRIKAM_CLIENT_ID: fabrikam.clientId,
          DATAVERSE_S2S_ADMIN_FABRIKAM_CLIENT_SECRET: fabrikam.clientSecret,
        };
        const provider = adminConsent(settings(environment));
        const inputs: AdminConsentInputs = {
          subscriber: "fabrikam",
          environmentUrl: sandbox.endpoints.organizations.fabrikam!,
          applicationId: clientId,
          credential: "clientSecret",
          mode: "grant",
          waitMinutes: 1,
          rowId: crypto.randomUUID(),
        };
        return { provider, inputs };
      }

      it("gives it once, and anew after it was withdrawn", async () => {
        const { clientId, clientSecret } = await entra.newIdentity();
        const { provider, inputs } = consent(clientId, clientSecret);
        setLag(1, flapping);
        const first = await provider.create(inputs);
        expect(first.outs).toMatchObject({ granted: true });
        expect((await provider.read!(first.id, first.outs!)).props).toMatchObject({ granted: true });
        await provider.delete!(first.id, first.outs!);
        const second = await provider.create(inputs);
        expect(second.outs?.granted).toBe(true);
        expect(second.outs?.servicePrincipalId).not.toBe(first.outs?.servicePrincipalId);
        expect(await inTruth(() => consents(clientId))).toEqual([1, 1]);
      });

      it("gives it anew where some replica shows that somebody withdrew it just now", async () => {
        const { clientId, clientSecret } = await entra.newIdentity();
        const { provider, inputs } = consent(clientId, clientSecret);
        const { outs } = await provider.create(inputs);
        setLag(1, true);
        await entra.graph("DELETE", `/servicePrincipals/${outs?.servicePrincipalId}`, { as: fabrikam });
        const second = await provider.create(inputs);
        const path = `/servicePrincipals(appId='${clientId}')`;
        const { data } = await inTruth(() => entra.graph("GET", path, { as: fabrikam }));
        expect(second.outs).toMatchObject({ granted: true, servicePrincipalId: data.id });
        expect(data.id).not.toBe(outs?.servicePrincipalId);
      });

      it("waits for an application that the tenant's directory has not got", async () => {
        const { id, clientId, clientSecret } = await entra.newIdentity();
        const { provider, inputs } = consent(clientId, clientSecret);
        await entra.graph("PATCH", `/applications/${id}`, { body: { signInAudience: "AzureADMyOrg" } });
        setLag(1, flapping);
        await entra.graph("PATCH", `/applications/${id}`, { body: { signInAudience: "AzureADMultipleOrgs" } });
        expect((await provider.create(inputs)).outs?.granted).toBe(true);
        expect(await inTruth(() => consents(clientId))).toEqual([1, 1]);
      });
    });

    it("has a user made until it is of the new service principal, not of the deleted one that Dataverse still sees", async () => {
      const { clientId, objectId } = await entra.newIdentity();
      const environment = {
        DATAVERSE_S2S_ADMIN_CONTOSO_CLIENT_ID: sandbox.administrator.clientId,
        DATAVERSE_S2S_ADMIN_CONTOSO_CLIENT_SECRET: sandbox.administrator.clientSecret,
      };
      const provider = applicationUser(settings(environment));
      setLag(1, flapping);
      await entra.graph("DELETE", `/servicePrincipals/${objectId}`);
      const { data: principal } = await entra.graph("POST", "/servicePrincipals", { body: { appId: clientId } });
      const { outs } = await provider.create({
        subscriber: "contoso",
        environmentUrl: sandbox.endpoints.organizations["contoso-dev"]!,
        applicationId: clientId,
        servicePrincipalId: principal.id,
        rowId: crypto.randomUUID(),
        enabled: true,
      });
      expect(principal.id).not.toBe(objectId);
      expect(outs).toMatchObject({ objectId: principal.id, adopted: false });
      const { value } = await dataverseClient(sandbox).get(`systemusers?$filter=applicationid eq ${clientId}`);
      expect(value).toMatchObject([{ azureactivedirectoryobjectid: principal.id }]);
    });
  },
);
