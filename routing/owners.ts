/** What the router must be told of the things that replicas own, since it knows no type by name. */
import type { Json } from '../common/json.ts';
import type { StopSignal } from '../common/stopSignal.ts';
import type { RoutingContext } from './ask/routingContext.ts';
import type { Representation } from './ask/share.ts';

export interface Owners {
  /**
   * As many as representations, in their order: the replica that each belongs to now, in lower case; null: to none; undefined:
   * not known, or not for the caller. Never rejects; settled once `signal` aborts.
   */
  read(
    representations: readonly Representation[],
    context: Pick<RoutingContext, 'caller' | 'requestId'>,
    signal: StopSignal,
  ): Promise<readonly (string | null | undefined)[]>;
  /** Whether an answer about the representation, its fields read by name, says that another replica gave it than the one asked. */
  isOfAnother(representation: Representation, fieldOf: (name: string) => unknown): boolean;
  /** Fields, by name, that say that of an answer which the replica `to` gave in place of the one asked. */
  fieldsOfMove(to: string): Readonly<Json>;
}
