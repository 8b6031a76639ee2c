import * as azuread from "@pulumi/azuread";
import * as pulumi from "@pulumi/pulumi";

/** A token of an outside issuer that the application may sign in with; all must be equal to the token's to the letter. */
export interface FederatedCredential {
  /** Issuer, such as "https://token.actions.githubusercontent.com". Updates in place. */
  readonly issuer: pulumi.Input<string>;
  /** Subject, such as "repo:contoso/orders:environment:prod". Updates in place. */
  readonly subject: pulumi.Input<string>;
  /** Audience. Default: "api://AzureADTokenExchange", which Entra recommends. Updates in place. */
  readonly audience?: pulumi.Input<string>;
  /** What it is for. Updates in place. */
  readonly description?: pulumi.Input<string>;
}

export interface FederatedCredentialsArgs {
  /** Object id of the application, in the publisher's tenant. A change makes them anew. */
  readonly applicationObjectId: pulumi.Input<string>;
  /** The credentials by name, at most 20 (Entra's limit). Another name makes another credential. */
  readonly credentials: Record<string, FederatedCredential>;
}

/** Federated identity credentials of the application: with them it needs no secret at all. */
export class FederatedCredentials extends pulumi.ComponentResource {
  /** Ids of the credentials in the application, by name; known once all are there. */
  readonly credentialIds: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: FederatedCredentialsArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:FederatedCredentials", name, {}, options);

    const ids = Object.entries(args.credentials).map(([displayName, credential]) => {
      const { credentialId } = new azuread.ApplicationFederatedIdentityCredential(
        `${name}-${displayName}`,
        {
          applicationId: pulumi.interpolate`/applications/${args.applicationObjectId}`,
          displayName,
          issuer: credential.issuer,
          subject: credential.subject,
          audiences: [credential.audience ?? "api://AzureADTokenExchange"], // Entra takes one
          description: credential.description,
        },
        { parent: this },
      );
      return [displayName, credentialId] as const;
    });

    this.credentialIds = pulumi.all(Object.fromEntries(ids));
    this.registerOutputs({ credentialIds: this.credentialIds });
  }
}
