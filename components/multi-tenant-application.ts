import * as azuread from "@pulumi/azuread";
import * as pulumi from "@pulumi/pulumi";

export interface MultiTenantApplicationArgs {
  /**
   * Name that administrators see when they consent. Updates in place. One that another application of the tenant has is refused
   * when the application is made.
   */
  readonly displayName: pulumi.Input<string>;
  /** Home page (sign-on URL). Updates in place. */
  readonly signOnUrl?: pulumi.Input<string>;
  /** Where Entra sends the administrator after consent, such as `https://contoso.example/consented`. Updates in place. */
  readonly redirectUris: pulumi.Input<string>[];
  /**
   * Application ID URI. Default: `api://{client id}`. Another must be under a verified domain of the publisher's tenant
   * (Entra's rule for multi-tenant applications). A change replaces the URI, not the application.
   */
  readonly identifierUri?: pulumi.Input<string>;
  /** Refuse to delete the application: every subscriber's consent goes with it. Default: false. */
  readonly protect?: boolean;
}

/** Client id of Dataverse in every tenant, and its delegated permission "Access Dynamics 365 as organization users". */
const dataverse = {
  clientId: "00000007-0000-0000-c000-000000000000",
  userImpersonation: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4",
};

/** The publisher's application: open to all organizations, with the Dynamics 365 permission and a service principal at home. */
export class MultiTenantApplication extends pulumi.ComponentResource {
  /** Application (client) id: what subscribers consent to. */
  readonly clientId: pulumi.Output<string>;
  /** Object id of the application in the publisher's tenant. */
  readonly objectId: pulumi.Output<string>;
  /** Application ID URI. */
  readonly identifierUri: pulumi.Output<string>;
  /** Object id of the service principal in the publisher's tenant. */
  readonly servicePrincipalId: pulumi.Output<string>;

  constructor(name: string, args: MultiTenantApplicationArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:MultiTenantApplication", name, {}, options);

    const runner = azuread.getClientConfigOutput({ parent: this });
    const declared = {
      displayName: args.displayName,
      signInAudience: "AzureADMultipleOrgs",
      web: {
        homepageUrl: args.signOnUrl,
        redirectUris: args.redirectUris.map((uri) => pulumi.output(uri).apply(withPath)),
      },
      requiredResourceAccesses: [
        { resourceAppId: dataverse.clientId, resourceAccesses: [{ id: dataverse.userImpersonation, type: "Scope" }] },
      ],
    };
    const application = new azuread.Application(
      name,
      // An owner may manage the application with no more than Application.ReadWrite.OwnedBy. A name that is there already is
      // refused: it may be of a run that was killed, and there would be two (docs/reliability.md).
      { ...declared, owners: [runner.objectId], identifierUris: [], preventDuplicateNames: true },
      { parent: this, protect: args.protect, ignoreChanges: ["identifierUris", "owners", "preventDuplicateNames"] },
    );
    // The default URI holds the client id, so it comes after the application, as a resource of its own. Each update of the
    // application sends the URIs that it knows of, which is none, so the URI is set again after each.
    const identifierUri = new azuread.ApplicationIdentifierUri(
      name,
      {
        applicationId: application.id,
        identifierUri: args.identifierUri ?? pulumi.interpolate`api://${application.clientId}`,
      },
      { parent: this, replacementTrigger: declared, deleteBeforeReplace: true },
    );
    const servicePrincipal = new azuread.ServicePrincipal(
      name,
      // useExisting: one that was made in a run that was cut off, or by hand, is no error. It goes with its application.
      { clientId: application.clientId, owners: [runner.objectId], useExisting: true },
      { parent: this, protect: args.protect, ignoreChanges: ["owners"] },
    );

    // What has the client id comes after all that Dataverse copies from the application. A dependency by value, not by
    // dependsOn: a refresh that finds a part gone leaves out components that depend on it, and then fails on their outputs.
    this.clientId = pulumi.all([servicePrincipal.clientId, identifierUri.urn]).apply(([clientId]) => clientId);
    this.objectId = application.objectId;
    this.identifierUri = identifierUri.identifierUri;
    this.servicePrincipalId = servicePrincipal.objectId;
    this.registerOutputs({
      clientId: this.clientId,
      objectId: this.objectId,
      identifierUri: this.identifierUri,
      servicePrincipalId: this.servicePrincipalId,
    });
  }
}

/** Entra keeps an address without a path with a trailing slash, and the azuread provider refuses it without one. */
const withPath = (uri: string) => (/^https?:\/\/[^/]+$/.test(uri) ? `${uri}/` : uri);
