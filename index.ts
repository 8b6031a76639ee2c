import * as pulumi from "@pulumi/pulumi";
import { SubscriberAccess } from "./components/subscriber-access.ts";
import { loadConfig } from "./config.ts";
import { declarePublisher, publisherOf } from "./publisher.ts";

const config = loadConfig();
const { application, publisherStack, subscribers } = config;

const own = application && declarePublisher({ ...config, application });
export const publisher = own?.publisher ?? (await publisherOf(publisherStack!));

const access = Object.entries(subscribers).map(([name, subscriber]) => {
  const args = {
    ...subscriber,
    applicationId: publisher.clientId,
    secretUri: publisher.secretVersionUri,
    redirectUri: publisher.redirectUri,
    fullName: publisher.displayName,
    primaryEmail: publisher.contactEmail,
    role: config.role ?? publisher.role,
  };
  // The application is more than its id: Dataverse looks for the service principal.
  return [name, new SubscriberAccess(name, args, { dependsOn: own?.parts })] as const;
});

export const { clientId, identifierUri } = publisher;
export const { objectId, servicePrincipalId, secretUri, secretExpiresOn } = own ?? {};
export const environments = pulumi.output(
  Object.fromEntries(
    access.map(([name, { userId, userName, rolesHeld, tableRead, consentUrl }]) => [
      name,
      { userId, userName, rolesHeld, tableRead, consentUrl },
    ]),
  ),
);
