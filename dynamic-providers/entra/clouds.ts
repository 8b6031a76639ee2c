/** Where one of Microsoft's clouds answers. Source: wire facts G (docs "new datacenter regions" and "national clouds"). */
export interface Cloud {
  readonly name: string;
  /** Entra's sign-in address, without a trailing slash. */
  readonly loginUrl: string;
  /** Microsoft Graph, without version. */
  readonly graphUrl: string;
  /** Resource that Key Vault tokens are for. */
  readonly keyVaultResource: string;
  /** Suffix of vault host names, with the leading dot. */
  readonly keyVaultSuffix: string;
}

/** Addresses that replace the cloud's own, for a cloud that is not Microsoft's (the sandbox): stack config `endpoints`. */
export interface Endpoints {
  readonly loginUrl: string;
  readonly graphUrl: string;
  /** Host (no port) of the vaults. */
  readonly keyVaultHost: string;
}

const publicEntra = {
  loginUrl: "https://login.microsoftonline.com",
  graphUrl: "https://graph.microsoft.com",
};
const publicVault = { keyVaultResource: "https://vault.azure.net", keyVaultSuffix: ".vault.azure.net" };
const governmentVault = {
  keyVaultResource: "https://vault.usgovcloudapi.net",
  keyVaultSuffix: ".vault.usgovcloudapi.net",
};

/** Dataverse host endings, the more special first: GCC is crm9 of the public name. */
const clouds: readonly (Cloud & { readonly hosts: RegExp })[] = [
  { name: "GCC", hosts: /\.crm9\.dynamics\.com$/, ...publicEntra, ...publicVault },
  { name: "public", hosts: /\.crm\d*\.dynamics\.com$/, ...publicEntra, ...publicVault },
  {
    name: "GCC High",
    hosts: /\.crm\.microsoftdynamics\.us$/,
    loginUrl: "https://login.microsoftonline.us",
    graphUrl: "https://graph.microsoft.us",
    ...governmentVault,
  },
  {
    name: "DoD",
    hosts: /\.crm\.appsplatform\.us$/,
    loginUrl: "https://login.microsoftonline.us",
    graphUrl: "https://dod-graph.microsoft.us",
    ...governmentVault,
  },
  {
    name: "China",
    hosts: /\.crm\.dynamics\.cn$/,
    loginUrl: "https://login.partner.microsoftonline.cn",
    graphUrl: "https://microsoftgraph.chinacloudapi.cn",
    keyVaultResource: "https://vault.azure.cn",
    keyVaultSuffix: ".vault.azure.cn",
  },
];

/** The cloud of a Dataverse environment, from its host's ending; undefined when no cloud has such hosts. */
export function cloudOf(environmentUrl: string, endpoints?: Endpoints): Cloud | undefined {
  if (endpoints) return customCloud(endpoints);
  const { hostname } = new URL(environmentUrl);
  return clouds.find(({ hosts }) => hosts.test(hostname));
}

/** The cloud of a Key Vault, likewise. GCC High and DoD share their vaults' ending: the former is taken. */
export function cloudOfVault(vaultUri: string, endpoints?: Endpoints): Cloud | undefined {
  return (endpoints ? [customCloud(endpoints)] : clouds.slice(1)).find((cloud) => isVaultOf(cloud, vaultUri));
}

/** True when an address is in a vault of this cloud: only there may a Key Vault token go. */
export function isVaultOf({ keyVaultSuffix }: Cloud, address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === "https:" && `.${hostname}`.endsWith(keyVaultSuffix);
}

const customCloud = ({ loginUrl, graphUrl, keyVaultHost }: Endpoints): Cloud => ({
  name: "custom",
  loginUrl,
  graphUrl,
  keyVaultResource: publicVault.keyVaultResource,
  keyVaultSuffix: `.${keyVaultHost}`,
});
