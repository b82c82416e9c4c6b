// Pauses between attempts: exponential with full jitter, so that many clients
// that lost the same server do not come back at the same moment.

export class Backoff {
  private tries = 0

  constructor(
    private readonly first = 500,
    private readonly most = 30_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** The next pause in milliseconds. */
  next(): number {
    const ceiling = Math.min(this.most, this.first * 2 ** this.tries)
    this.tries = Math.min(this.tries + 1, 30)
    return Math.round(ceiling * this.random())
  }

  reset(): void {
    this.tries = 0
  }
}
