/** Requests at a constant rate, however long their answers take, with the value of each. */
import { Agent, request } from 'undici';
import { systemClock as clock } from '../../common/clock.ts';
import type { Random } from '../../test/faults/random.ts';
import type { Chat, Fleet } from './fleet.ts';
import { Health } from './health.ts';
import { type Judged, judge, QUERY, type Received } from './judge.ts';

export interface Sample extends Judged {
  /** Time of sending, by the monotonic clock. */
  readonly sentMs: number;
  readonly tookMs: number;
  /** Halves of replicas that were healthy from its sending to its answer. */
  readonly healthyHalves: number;
  readonly healthyWhole: number;
  /** Errors about replicas that were healthy. */
  readonly falseErrors: number;
}

interface LoadOptions {
  readonly perSecond: number;
  /** Chats in one request; as many of each replica as of any other. */
  readonly chats: number;
  readonly random: Random;
}

export class Load {
  readonly health: Health;
  readonly #fleet: Fleet;
  readonly #options: LoadOptions;
  readonly #dispatcher = new Agent({ connections: null, headersTimeout: 0, bodyTimeout: 0 });
  readonly #stopping = new AbortController();
  readonly #asking = new Set<Promise<void>>();
  readonly #sending: Promise<void>;
  #samples: Sample[] = [];

  /** Begins at once. */
  constructor(fleet: Fleet, options: LoadOptions) {
    this.#fleet = fleet;
    this.#options = options;
    this.health = new Health(fleet.replicas.length);
    this.#sending = this.#send(this.#stopping.signal);
  }

  /** Samples answered since the last `take`. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Takes the samples answered since the last call. */
  take(): Sample[] {
    return this.#samples.splice(0);
  }

  /** Resolves when what was sent before has been answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#asking);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sending;
    await this.settled();
    await this.#dispatcher.close();
  }

  async #send(signal: AbortSignal): Promise<void> {
    let dueMs = clock.monotonicMs();
    for (let i = 0; !signal.aborted; i += 1) {
      const asking = this.#ask(i % 2 === 0).finally(() => this.#asking.delete(asking));
      this.#asking.add(asking);
      dueMs += 1_000 / this.#options.perSecond;
      await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
    }
  }

  async #ask(isOperator: boolean): Promise<void> {
    const chats = this.#draw();
    const sentMs = clock.monotonicMs();
    const received = await this.#post(isOperator, chats);
    const nowMs = clock.monotonicMs();
    const judged = judge(this.#fleet, chats, isOperator, received);
    const healthy = new Set(
      this.#fleet.replicas.flatMap((_, place) => (this.health.isHealthy(place, sentMs, nowMs) ? [place] : [])),
    );
    const ofHealthy = judged.halves.filter(({ owner }) => healthy.has(owner));
    this.#samples.push({
      ...judged,
      sentMs,
      tookMs: nowMs - sentMs,
      healthyHalves: ofHealthy.length,
      healthyWhole: ofHealthy.filter(({ isWhole }) => isWhole).length,
      falseErrors: judged.errorsOf.filter((owner) => healthy.has(owner)).length,
    });
    for (const place of this.#fleet.replicas.keys()) {
      const own = judged.halves.filter(({ owner }) => owner === place);
      if (own.length > 0)
        this.health.note(
          place,
          own.every(({ isWhole }) => isWhole),
          sentMs,
          nowMs,
        );
    }
  }

  /** Some of each replica's chats, in no order. */
  #draw(): Chat[] {
    const { random, chats } = this.#options;
    const { replicas } = this.#fleet;
    const shuffled = random.shuffle(this.#fleet.chats);
    const each = Math.ceil(chats / replicas.length);
    return random.shuffle(
      replicas.flatMap((_, place) => shuffled.filter(({ owner }) => owner === place).slice(0, each)),
    );
  }

  async #post(isOperator: boolean, chats: readonly Chat[]): Promise<Received> {
    const { gatewayUrl, tokens } = this.#fleet;
    const token = isOperator ? tokens.operator : tokens.owner;
    const variables = { ids: chats.map(({ id }) => id) };
    try {
      const { statusCode, body } = await request(`${gatewayUrl}/graphql`, {
        dispatcher: this.#dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: QUERY, variables, extensions: { routing: true } }),
      });
      return { status: statusCode, text: await body.text() };
    } catch (error) {
      return { status: 0, text: String(error) };
    }
  }
}
