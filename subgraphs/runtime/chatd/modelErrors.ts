/** A failure of the model, in the form of `chats.last_error`: short, and without the bodies of requests and answers. */
import { AISDKError, APICallError } from '@ai-sdk/provider';
import { type LastError, UnusableHistory } from './messages.ts';

const LONGEST_MESSAGE = 500;

export function describeFailure(error: unknown, provider: string): LastError {
  const api = APICallError.isInstance(error) ? error : undefined;
  const message = error instanceof Error ? error.message : 'The model failed without saying why';
  return {
    kind: error instanceof UnusableHistory ? 'history' : kindOf(error, api?.statusCode),
    message: message.split('\n')[0]?.slice(0, LONGEST_MESSAGE) ?? '',
    provider,
    status_code: api?.statusCode ?? null,
    retryable: api ? api.isRetryable : !AISDKError.isInstance(error) && !(error instanceof UnusableHistory),
  };
}

function kindOf(error: unknown, statusCode: number | undefined): string {
  if (statusCode === 429) return 'rate_limit';
  if (statusCode === 401 || statusCode === 403) return 'auth';
  if (statusCode !== undefined && statusCode >= 500) return 'overloaded';
  if (statusCode !== undefined) return 'bad_request';
  return AISDKError.isInstance(error) ? 'model' : 'network';
}
