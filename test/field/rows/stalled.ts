/** A chat whose answer stands still. */
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';

/** A chat that its owner works on for as long as the test wants. */
export async function createStalled(field: Field): Promise<string> {
  const id = await field.create('/stall');
  await eventually(
    'an owner works on it',
    () => field.column(id, 'generation_attempt'),
    (attempt) => attempt === '1',
  );
  return id;
}
