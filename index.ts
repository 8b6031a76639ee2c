import { SubscriberAccess } from "./components/subscriber-access.ts";
import { loadConfig } from "./config.ts";
import { declarePublisher, publisherOf } from "./publisher.ts";

const config = loadConfig();
const { application, publisherStack, subscribers, asOf } = config;

const own = application && declarePublisher({ ...config, application });
const publisher = own?.publisher ?? (await publisherOf(publisherStack!, asOf ? new Date(asOf) : new Date()));

const access = Object.entries(subscribers).map(([name, subscriber]) => {
  const args = {
    ...subscriber,
    applicationId: publisher.clientId,
    credential: publisher.credential,
    secretUri: publisher.secretVersionUri,
    redirectUri: publisher.redirectUri,
    fullName: publisher.displayName,
    primaryEmail: publisher.contactEmail,
    role: config.role ?? publisher.role,
  };
  return [name, new SubscriberAccess(name, args)] as const;
});

const environments = Object.fromEntries(
  access.map(([name, { userId, userName, rolesHeld, tableRead, consentUrl }]) => [
    name,
    { userId, userName, rolesHeld, tableRead, consentUrl },
  ]),
);
const { clientId, identifierUri } = publisher;

/** Outputs of the stack; `publisher` is what the stacks of subscribers read. */
export default { publisher, clientId, identifierUri, ...own?.outputs, environments };
