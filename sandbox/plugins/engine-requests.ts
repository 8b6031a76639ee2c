import { createRequire } from "node:module";
import { type Properties, unknown } from "./support.ts";

const messages = createRequire(import.meta.url)(
  "@pulumi/pulumi/proto/provider_pb",
) as typeof import("@pulumi/pulumi/proto/provider_pb.js");

const previewKey = "__preview";
const ignoredKey = "__ignoreChanges";

/**
 * Makes `provider.main` of the Node SDK (3.270) pass on what its server leaves out of a request: that a create or an update is
 * a preview (without it the engine takes the inputs for the outputs, and `vault.properties.vaultUri` would be undefined where
 * the real plugins say that it is not known yet), which changes a diff is to ignore, and a read for `pulumi import`, which
 * comes without properties. Call it before `provider.main`.
 */
export function passWholeRequests(): void {
  const { ConfigureResponse, CreateRequest, DiffRequest, ReadRequest, UpdateRequest } = messages;
  const acceptSecrets = ConfigureResponse.prototype.setAcceptsecrets;
  ConfigureResponse.prototype.setAcceptsecrets = function (value) {
    this.setSupportspreview(true);
    return acceptSecrets.call(this, value);
  };
  const properties = CreateRequest.prototype.getProperties;
  CreateRequest.prototype.getProperties = function () {
    return marked(properties.call(this), previewKey, this.getPreview());
  };
  const news = UpdateRequest.prototype.getNews;
  UpdateRequest.prototype.getNews = function () {
    return marked(news.call(this), previewKey, this.getPreview());
  };
  const known = ReadRequest.prototype.getProperties;
  ReadRequest.prototype.getProperties = function () {
    return known.call(this) ?? ({ toJavaScript: () => ({}) } as Struct);
  };
  const diffNews = DiffRequest.prototype.getNews;
  DiffRequest.prototype.getNews = function () {
    return marked(diffNews.call(this), ignoredKey, this.getIgnorechangesList());
  };
}

/** Whether these inputs of `create` or `update` came with a preview: nothing may be sent then. */
export function isPreview(inputs: Properties): boolean {
  return inputs[previewKey] === true;
}

/** The new inputs of a `diff`, apart from the names of those whose changes it is to ignore. */
export function splitIgnored(news: Properties): { inputs: Properties; ignored: string[] } {
  const { [ignoredKey]: ignored = [], ...inputs } = news;
  return { inputs, ignored };
}

/** Outputs of a previewed create: what is declared stays, but `properties` has members that only the far side knows. */
export function previewedCreate(inputs: Properties): Properties {
  const { [previewKey]: _mark, ...declared } = inputs;
  return "properties" in declared ? { ...declared, properties: unknown } : declared;
}

type Struct = ReturnType<typeof messages.CreateRequest.prototype.getProperties>;

function marked(inputs: Struct, key: string, mark: boolean | string[]): Struct {
  if (!inputs || !mark) return inputs;
  const { fromJavaScript } = inputs.constructor as unknown as { fromJavaScript(value: object): Struct };
  return fromJavaScript({ ...inputs.toJavaScript(), [key]: mark });
}
