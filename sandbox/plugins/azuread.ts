import { provider } from "@pulumi/pulumi";
import { Graph } from "./azuread/graph.ts";
import { azuread } from "./azuread/provider.ts";
import { passWholeRequests } from "./engine-requests.ts";
import { CloudClient, settings } from "./support.ts";

/**
 * Serves the stand-in for the azuread plugin and prints its port: the engine is told of it by
 * PULUMI_DEBUG_PROVIDERS="azuread:PORT". Credentials and cloud come from ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET and
 * ARM_METADATA_HOSTNAME.
 */
const identity = settings();
passWholeRequests();
await provider.main(azuread(new Graph(new CloudClient(identity)), identity), []);
