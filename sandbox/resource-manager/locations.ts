/** Names of Azure regions that the sandbox offers. */
export const locations: readonly string[] = [
  "australiaeast",
  "brazilsouth",
  "canadacentral",
  "centralindia",
  "centralus",
  "eastasia",
  "eastus",
  "eastus2",
  "francecentral",
  "germanywestcentral",
  "italynorth",
  "japaneast",
  "koreacentral",
  "northcentralus",
  "northeurope",
  "norwayeast",
  "polandcentral",
  "southafricanorth",
  "southcentralus",
  "southeastasia",
  "spaincentral",
  "swedencentral",
  "switzerlandnorth",
  "uaenorth",
  "uksouth",
  "ukwest",
  "westcentralus",
  "westeurope",
  "westus",
  "westus2",
  "westus3",
];

/** "West Europe" and "westeurope" are the same region; answers have the second form. */
export function normalLocation(location: string): string {
  return location.toLowerCase().replaceAll(" ", "");
}
