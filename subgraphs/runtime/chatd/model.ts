/** The language model of the setting MODEL. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV3 } from '@ai-sdk/provider';
import type { Clock } from '../../../common/clock.ts';
import { builtInModel } from './builtInModel.ts';
import { modelFetch } from './modelFetch.ts';

/** @param setting `built-in`, or `openai-compatible:<model>@<base URL>`; checked by server/settings/settings.ts */
export function modelFor(setting: string, apiKey: string | undefined, clock: Clock): LanguageModelV3 {
  const [, modelId, baseURL] = /^openai-compatible:([^@]+)@(.+)$/.exec(setting) ?? [];
  if (!modelId || !baseURL) return builtInModel(clock);
  const key = apiKey ? { apiKey } : {};
  return createOpenAICompatible({ name: 'openai-compatible', baseURL, fetch: modelFetch, ...key })(modelId);
}
