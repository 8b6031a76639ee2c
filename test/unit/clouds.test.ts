import { describe, expect, it } from "vitest";
import { cloudOf, cloudOfVault, isVaultOf } from "../../dynamic-providers/entra/clouds.ts";

describe("G: the cloud of an environment", () => {
  it.each([
    ["https://contoso.crm.dynamics.com", "public", "https://login.microsoftonline.com", "https://graph.microsoft.com"],
    ["https://contoso.crm4.dynamics.com", "public", "https://login.microsoftonline.com", "https://graph.microsoft.com"],
    [
      "https://contoso.crm22.dynamics.com",
      "public",
      "https://login.microsoftonline.com",
      "https://graph.microsoft.com",
    ],
    [
      "https://contoso.api.crm4.dynamics.com",
      "public",
      "https://login.microsoftonline.com",
      "https://graph.microsoft.com",
    ],
    ["https://contoso.crm9.dynamics.com", "GCC", "https://login.microsoftonline.com", "https://graph.microsoft.com"],
    [
      "https://contoso.crm.microsoftdynamics.us",
      "GCC High",
      "https://login.microsoftonline.us",
      "https://graph.microsoft.us",
    ],
    [
      "https://contoso.crm.appsplatform.us",
      "DoD",
      "https://login.microsoftonline.us",
      "https://dod-graph.microsoft.us",
    ],
    [
      "https://contoso.crm.dynamics.cn",
      "China",
      "https://login.partner.microsoftonline.cn",
      "https://microsoftgraph.chinacloudapi.cn",
    ],
  ])("of %s is %s", (environmentUrl, name, loginUrl, graphUrl) => {
    expect(cloudOf(environmentUrl)).toMatchObject({ name, loginUrl, graphUrl });
  });

  // Every region of wire facts G; crm9 is GCC.
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22])(
    "is the public one in region %i, with and without the label api",
    (region) => {
      const host = `crm${region === 1 ? "" : region}.dynamics.com`;
      for (const url of [`https://contoso.${host}`, `https://contoso.api.${host}`])
        expect(cloudOf(url)).toMatchObject({ name: "public", keyVaultSuffix: ".vault.azure.net" });
    },
  );

  it.each([
    ["https://contoso.crm9.dynamics.com", "https://vault.azure.net", ".vault.azure.net"],
    ["https://contoso.crm.microsoftdynamics.us", "https://vault.usgovcloudapi.net", ".vault.usgovcloudapi.net"],
    ["https://contoso.crm.appsplatform.us", "https://vault.usgovcloudapi.net", ".vault.usgovcloudapi.net"],
    ["https://contoso.crm.dynamics.cn", "https://vault.azure.cn", ".vault.azure.cn"],
  ])("of %s has its vaults at %s", (environmentUrl, keyVaultResource, keyVaultSuffix) => {
    expect(cloudOf(environmentUrl)).toMatchObject({ keyVaultResource, keyVaultSuffix });
  });

  it.each([
    "https://contoso.crm.microsoftdynamics.de", // ended in 2021
    "https://contoso.example",
    "https://crm4.dynamics.com.contoso.example",
    "https://contosocrm4.dynamics.com",
    "https://contoso.crmx.dynamics.com",
  ])("of %s is none", (environmentUrl) => {
    expect(cloudOf(environmentUrl)).toBeUndefined();
  });

  it("is the custom one where endpoints are given", () => {
    const endpoints = { loginUrl: "https://127.0.0.1:1", graphUrl: "https://127.0.0.1:2", keyVaultHost: "127.0.0.1" };
    const cloud = cloudOf("https://127.0.0.1:3", endpoints)!;
    expect(cloud.loginUrl).toBe("https://127.0.0.1:1");
    expect(isVaultOf(cloud, "https://127.0.0.1:4/secrets/one")).toBe(true);
    expect(isVaultOf(cloud, "https://orders.vault.azure.net")).toBe(false);
  });
});

describe("G: the cloud of a Key Vault", () => {
  it.each([
    ["https://orders.vault.azure.net/", "public"],
    ["https://orders.vault.usgovcloudapi.net/", "GCC High"],
    ["https://orders.vault.azure.cn/", "China"],
    ["https://vault.azure.net.contoso.example/", undefined],
    ["http://orders.vault.azure.net/", undefined],
  ])("of %s is %s", (vaultUri, name) => {
    expect(cloudOfVault(vaultUri)?.name).toBe(name);
  });
});
