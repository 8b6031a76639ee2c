import { provider } from "@pulumi/pulumi";
import { azureNative } from "./azure-native/provider.ts";
import { passWholeRequests } from "./engine-requests.ts";
import { CloudClient, settings } from "./support.ts";

/**
 * Serves the stand-in for the azure-native plugin and prints its port: the engine is told of it by
 * PULUMI_DEBUG_PROVIDERS="azure-native:PORT". Credentials and cloud come from ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET,
 * ARM_SUBSCRIPTION_ID and ARM_METADATA_HOSTNAME.
 */
const subscriptionId = process.env.ARM_SUBSCRIPTION_ID;
if (!subscriptionId) throw new Error("The environment variable ARM_SUBSCRIPTION_ID is not set.");
const identity = settings();
passWholeRequests();
await provider.main(azureNative(new CloudClient(identity), { ...identity, subscriptionId }), []);
