/** As for the quick tests; what those try at random is tried more often here. */
import globalSetup from './globalSetup.ts';

export default async function slowSetup(): Promise<void> {
  process.env.FRESH_ANSWERS ??= '1000';
  process.env.MODEL_SEQUENCES ??= '2500';
  process.env.STOCK_QUERIES ??= '30';
  await globalSetup();
}
