import { findEngine } from "../../tools/engine.ts";

/** Before the engine tests: gets the Pulumi CLI once for all of them, and shows that it is on its way. */
export default async function getEngine(): Promise<void> {
  const { version, source } = await findEngine((line) => console.log(line));
  console.log(`Pulumi ${version}, ${source}.`);
}
