import { createRequire } from "node:module";
import { type Properties, unknown } from "./support.ts";

const messages = createRequire(import.meta.url)(
  "@pulumi/pulumi/proto/provider_pb",
) as typeof import("@pulumi/pulumi/proto/provider_pb.js");

const previewKey = "__preview";

/**
 * Makes `provider.main` of the Node SDK (3.270) announce previews and mark the inputs of a create or an update that is one. Its
 * server leaves both out, and then the engine takes the inputs for the outputs: `vault.properties.vaultUri` would be undefined
 * in a preview, where the real plugins say that it is not known yet. Call it before `provider.main`.
 */
export function announcePreviews(): void {
  const { ConfigureResponse, CreateRequest, UpdateRequest } = messages;
  const acceptSecrets = ConfigureResponse.prototype.setAcceptsecrets;
  ConfigureResponse.prototype.setAcceptsecrets = function (value) {
    this.setSupportspreview(true);
    return acceptSecrets.call(this, value);
  };
  const properties = CreateRequest.prototype.getProperties;
  CreateRequest.prototype.getProperties = function () {
    return marked(properties.call(this), this.getPreview());
  };
  const news = UpdateRequest.prototype.getNews;
  UpdateRequest.prototype.getNews = function () {
    return marked(news.call(this), this.getPreview());
  };
}

/** Whether these inputs of `create` or `update` came with a preview: nothing may be sent then. */
export function isPreview(inputs: Properties): boolean {
  return inputs[previewKey] === true;
}

/** Outputs of a previewed create: what is declared stays, but `properties` has members that only the far side knows. */
export function previewedCreate(inputs: Properties): Properties {
  const { [previewKey]: _mark, ...declared } = inputs;
  return "properties" in declared ? { ...declared, properties: unknown } : declared;
}

type Struct = ReturnType<typeof messages.CreateRequest.prototype.getProperties>;

function marked(inputs: Struct, preview: boolean): Struct {
  if (!inputs || !preview) return inputs;
  const { fromJavaScript } = inputs.constructor as unknown as { fromJavaScript(value: object): Struct };
  return fromJavaScript({ ...inputs.toJavaScript(), [previewKey]: true });
}
