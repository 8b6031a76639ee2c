import { BlockList, isIPv4 } from "node:net";
import type { VaultProperties } from "../key-vault/vaults.ts";
import { armErrors } from "./errors.ts";

type NetworkRules = NonNullable<VaultProperties["networkAcls"]>;

/** Ranges that a vault's firewall cannot name. The real service forbids loopback too, which here is where everybody is. */
const forbidden = [
  { address: "10.0.0.0", length: 8, range: "10.0.0.0–10.255.255.255" },
  { address: "172.16.0.0", length: 12, range: "172.16.0.0–172.31.255.255" },
  { address: "192.168.0.0", length: 16, range: "192.168.0.0–192.168.255.255" },
];

/** The firewall rules as the service keeps them: a single address as a range of one (hashicorp/terraform-provider-azurerm#2164). */
export function networkRules(requested: NetworkRules | undefined): NetworkRules | undefined {
  if (!requested) return undefined;
  const ipRules = (requested.ipRules ?? []).map(({ value }, index) => ({ value: normalRange(value, index) }));
  return {
    ...requested,
    bypass: requested.bypass ?? "AzureServices",
    defaultAction: requested.defaultAction ?? "Deny",
    ipRules,
    virtualNetworkRules: requested.virtualNetworkRules ?? [],
  };
}

function normalRange(value: string, index: number): string {
  const [address = "", length = "32"] = value.split("/");
  const place = `properties.networkAcls.ipRules[${index}].value`;
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || Number(length) > 32) {
    // The sentence is as for a private address (Azure/azure-powershell#11471); what follows the place has no source.
    throw armErrors.propertyRefused(`Invalid value found at ${place}: ${value} is not an IPv4 address or range`);
  }
  for (const { address: base, length: bits, range } of forbidden) {
    const list = new BlockList();
    list.addSubnet(base, bits);
    if (list.check(address)) {
      throw armErrors.propertyRefused(
        `Invalid value found at ${place}: ${value} belongs to forbidden range ${range} (private IP addresses)`,
      );
    }
  }
  return `${address}/${length}`;
}
