/** Arguments that effects take from their transition. Pure. */
import type { NewMessage } from '../../../domain/messages.ts';
import type { Transition } from '../../../domain/transitions.ts';

type Field = Transition extends infer T ? (T extends Transition ? Exclude<keyof T, 'name'> : never) : never;
type Value<K extends Field> = Extract<Transition, Record<K, unknown>>[K];

/** Field that an effect takes from its transition. The table never pairs an effect with a transition that lacks it. */
export function need<K extends Field>(transition: Transition, field: K): Value<K> {
  if (!(field in transition)) throw new Error(`${transition.name} has no ${field}`);
  return (transition as Extract<Transition, Record<K, unknown>>)[field];
}

/** Messages that a transition adds to the history. */
export function messagesOfTransition(transition: Transition): readonly NewMessage[] {
  if ('messages' in transition) return transition.messages;
  return [{ role: 'user', content: need(transition, 'message').content }];
}
