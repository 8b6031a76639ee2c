import type { ResourceType } from "dataverse-s2s/thin-provider";
import { expect } from "vitest";
import type { Row } from "./fault-world.ts";
import type { ProviderProcess } from "./provider-process.ts";

/** What the engine keeps of a resource. */
interface State {
  readonly id: string;
  readonly outs: Row;
}

/**
 * A stack with one dynamic resource: calls a provider process in the engine's order, and records each step when it has ended,
 * as the engine does. So whatever cuts a step off, the next run begins with what was recorded.
 */
export class OneResourceStack {
  private readonly type: ResourceType;
  private current: State | undefined;
  /** Replaced, and to be deleted still. */
  private obsolete: State[] = [];

  constructor(type: ResourceType) {
    this.type = type;
  }

  copy(): OneResourceStack {
    const copy = new OneResourceStack(this.type);
    copy.current = structuredClone(this.current);
    copy.obsolete = structuredClone(this.obsolete);
    return copy;
  }

  /** `pulumi up` of a program that declares the resource like this. */
  async up(run: ProviderProcess, declared: Row): Promise<void> {
    const provider = run(this.type);
    const { inputs, failures } = await provider.check(this.current?.outs ?? {}, declared);
    if (failures && failures.length > 0) throw new Error(JSON.stringify(failures));
    if (this.current) {
      const { id, outs } = this.current;
      const { changes, replaces, deleteBeforeReplace } = await provider.diff(id, outs, inputs);
      if (replaces && replaces.length > 0) {
        if (deleteBeforeReplace) await provider.delete(id, outs);
        else this.obsolete.push(this.current);
        this.current = undefined;
      } else if (changes) {
        const updated = await provider.update(id, outs, inputs);
        this.current = { id, outs: updated.outs ?? {} };
      }
    }
    if (!this.current) {
      const created = await provider.create(inputs);
      this.current = { id: created.id, outs: created.outs ?? {} };
    }
    await this.deleteObsolete(run);
  }

  async destroy(run: ProviderProcess): Promise<void> {
    await this.deleteObsolete(run);
    if (!this.current) return;
    await run(this.type).delete(this.current.id, this.current.outs);
    this.current = undefined;
  }

  /** `pulumi up --refresh` shows nothing: what is there is what is recorded, and declared. */
  async expectNoDrift(run: ProviderProcess, declared: Row): Promise<void> {
    const provider = run(this.type);
    const { id, outs } = this.current!;
    const found = await provider.read(id, outs);
    expect(found.id, "the id that a refresh finds").toBe(id);
    expect(found.props, "what a refresh finds").toEqual(outs);
    const { inputs } = await provider.check(outs, declared);
    expect((await provider.diff(id, found.props, inputs!)).changes, "changes").toBe(false);
  }

  private async deleteObsolete(run: ProviderProcess): Promise<void> {
    for (const state of [...this.obsolete]) {
      await run(this.type).delete(state.id, state.outs);
      this.obsolete = this.obsolete.filter((other) => other !== state);
    }
  }
}
