/** A bound on what is being worked on at the same time, by number and by weight; first come, first served. */
export class InFlight {
  readonly #maxCount: number;
  readonly #maxWeight: number;
  #count = 0;
  #weight = 0;
  readonly #waiting: { weight: number; enter: () => void }[] = [];

  /**
   * @param maxCount tasks at the same time
   * @param maxWeight their weights together, e.g. bytes; a task that is heavier alone runs alone
   */
  constructor(maxCount: number, maxWeight = Number.POSITIVE_INFINITY) {
    this.#maxCount = Math.max(1, maxCount);
    this.#maxWeight = maxWeight;
  }

  get count(): number {
    return this.#count;
  }

  /** Waits for room and takes it; undefined where there is room at once. Give it back by `leave` with the same weight. */
  enter(weight = 0): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#fits(weight)) {
      this.#take(weight);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#waiting.push({ weight, enter: resolve });
    });
  }

  leave(weight = 0): void {
    this.#count--;
    this.#weight -= weight;
    for (;;) {
      const next = this.#waiting[0];
      if (!next || !this.#fits(next.weight)) return;
      this.#waiting.shift();
      this.#take(next.weight);
      next.enter();
    }
  }

  #fits(weight: number): boolean {
    if (this.#count === 0) return true;
    return this.#count < this.#maxCount && this.#weight + weight <= this.#maxWeight;
  }

  #take(weight: number): void {
    this.#count++;
    this.#weight += weight;
  }
}
