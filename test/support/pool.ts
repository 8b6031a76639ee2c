/** A few of something costly: who uses one has it alone, and who finds none waits for one. */
export class Pool<Item> {
  private readonly free: Item[];
  private readonly waiting: ((item: Item) => void)[] = [];

  constructor(items: readonly Item[]) {
    this.free = [...items];
  }

  async use<Result>(work: (item: Item) => Promise<Result>): Promise<Result> {
    const item = this.free.pop() ?? (await new Promise<Item>((resolve) => this.waiting.push(resolve)));
    try {
      return await work(item);
    } finally {
      const next = this.waiting.shift();
      if (next) next(item);
      else this.free.push(item);
    }
  }
}
