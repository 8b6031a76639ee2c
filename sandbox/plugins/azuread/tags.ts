import type { Properties } from "../support.ts";

/** Tags by which Entra shows an application in certain ways, and the plugin's names of them. */
const featureTags = {
  customSingleSignOn: "WindowsAzureActiveDirectoryCustomSingleSignOnApplication",
  enterprise: "WindowsAzureActiveDirectoryIntegratedApp",
  gallery: "WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1",
  hide: "HideApp",
};

/** Tags to send for the inputs `tags` and `featureTags`, of which a program gives at most one. */
export function tagsOf({ tags, featureTags: features }: Properties): string[] {
  if (!features?.length) return tags ?? [];
  return Object.entries(featureTags)
    .filter(([name]) => features.some((feature: Properties) => feature[name]))
    .map(([, tag]) => tag);
}

/** The output `featureTags` for the tags that an object has. */
export function featureTagsOf(tags: readonly string[]): Properties[] {
  return [Object.fromEntries(Object.entries(featureTags).map(([name, tag]) => [name, tags.includes(tag)]))];
}
