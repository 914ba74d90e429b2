/**
 * The page's own part: a token's way from the field to the `Authorization` header, and GraphiQL with the examples. All
 * that is kept (token, tabs, history) is in sessionStorage, which ends with the browser tab.
 */
const { React, ReactDOM, GraphiQL } = window;
const TOKEN_KEY = 'chat-debug-gateway:token';

const field = document.querySelector('#token');
const forget = document.querySelector('#forget');
const status = document.querySelector('#status');
const root = ReactDOM.createRoot(document.querySelector('#graphiql'));
const examples = await (await fetch('graphiql/examples.json')).json();

/** The query that the address of the page asks for, as a link in an alert does. It is shown, and not run. */
const linked = new URLSearchParams(location.search).get('query');
const asked = linked ? { query: linked } : undefined;

/** @param {'none' | 'asking' | 'accepted' | 'refused' | 'failed'} kind of what is said; the style sheet has its colour */
function say(kind, text) {
  status.dataset.kind = kind;
  status.textContent = text;
}

const heldToken = () => sessionStorage.getItem(TOKEN_KEY) ?? '';

/** An answer in GraphQL's form, for a question that no GraphQL server answered. */
const failure = (message) => ({ errors: [{ message }] });

/** Sends a question with the token, and says beside the field what came of it. Never throws. */
async function ask(token, { query, variables, operationName }) {
  const response = await fetch('graphql', {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query, variables, operationName }),
  }).catch(() => undefined);
  const answer =
    (await response?.json().catch(() => failure(`The answer is not JSON: HTTP status ${response.status}.`))) ??
    failure('The gateway cannot be reached. Is it still running?');
  if (token === heldToken()) say(...outcome(response?.status, answer));
  return answer;
}

/** True if the operation that is to run is a subscription. */
const isSubscription = ({ operationName }, documentAST) =>
  documentAST?.definitions.some(
    ({ operation, name }) => operation === 'subscription' && (!operationName || name?.value === operationName),
  );

/** Follows a live view: an answer, and another one whenever it has changed, until GraphiQL ends it. */
function follow(token, question) {
  const ending = new AbortController();
  const answers = followed(token, question, ending.signal);
  const end = async () => {
    ending.abort();
    return { done: true };
  };
  return { [Symbol.asyncIterator]: () => ({ next: () => answers.next(), return: end }) };
}

async function* followed(token, { query, variables, operationName }, signal) {
  const response = await fetch('graphql', {
    method: 'POST',
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables, operationName }),
    signal,
  }).catch(() => undefined);
  if (!response) return yield failure('The gateway cannot be reached. Is it still running?');
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const answer = await response
      .json()
      .catch(() => failure(`The answer is not JSON: HTTP status ${response.status}.`));
    if (token === heldToken()) say(...outcome(response.status, answer));
    return yield answer;
  }
  if (token === heldToken()) say(...outcome(response.status, {}));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return signal.aborted ? undefined : yield failure('The live view has ended. Run it again.');
    const events = `${text}${value}`.split('\n\n');
    text = events.pop();
    for (const event of events) {
      if (event.startsWith('event: complete')) return;
      yield JSON.parse(event.slice(event.indexOf('data:') + 'data:'.length));
    }
  }
}

/** What an answer says of the token. Status 400 is about the question: whoever got it was let in. */
function outcome(httpStatus, answer) {
  const message = answer.errors?.[0]?.message ?? `HTTP status ${httpStatus}.`;
  if (httpStatus === 401) return ['refused', `The gateway refuses this token. ${message}`];
  if (httpStatus !== 200 && httpStatus !== 400) return ['failed', message];
  return ['accepted', 'The gateway accepts this token. Closing this browser tab forgets it.'];
}

/** @param hasAccess whether the schema can be fetched; GraphiQL would show the refusal as if it were an answer */
function show(token, hasAccess) {
  const noToken = failure('No token yet: paste one into the field at the top of this page.');
  root.render(
    React.createElement(GraphiQL, {
      fetcher: async (question, { documentAST } = {}) => {
        if (!token) return noToken;
        return isSubscription(question, documentAST) ? follow(token, question) : ask(token, question);
      },
      schema: hasAccess ? undefined : null, // undefined: GraphiQL fetches it
      defaultTabs: [...(asked ? [asked] : []), ...examples].map(({ query, variables }) => ({ query, variables })),
      storage: sessionStorage,
      isHeadersEditorEnabled: false,
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
      defaultEditorToolsVisibility: 'variables',
    }),
  );
}

/** A token as people paste it: perhaps as a whole header, perhaps with the line breaks of a terminal. */
const cleaned = (text) => text.replace(/^\s*(authorization:)?\s*bearer\s/i, '').replace(/\s/g, '');

/** Takes what is in the field for the token, or forgets the one that was there. */
async function use(text) {
  const token = cleaned(text);
  const isSendable = /^[\x21-\x7e]+$/.test(token);
  field.value = token;
  forget.hidden = !token;
  if (isSendable) sessionStorage.setItem(TOKEN_KEY, token);
  else sessionStorage.removeItem(TOKEN_KEY);
  show(heldToken(), false);
  if (!token) return say('none', 'No token yet: paste one, for example the one that npm start printed.');
  if (!isSendable) return say('refused', 'This is not a token: it holds characters that no token has.');
  say('asking', 'Asking the gateway…');
  await ask(token, { query: '{ __typename }' });
  if (token === heldToken()) show(token, status.dataset.kind === 'accepted');
}

/**
 * GraphiQL fills the editors from these two, and adds a tab when no tab holds the same: they must be the active tab's,
 * unless the address asks for another query.
 */
function keepActiveTab() {
  const kept = JSON.parse(sessionStorage.getItem('graphiql:tabState') ?? 'null');
  const { query, variables } = asked ?? (kept ? kept.tabs[kept.activeTabIndex] : examples[0]);
  sessionStorage.setItem('graphiql:query', query ?? '');
  sessionStorage.setItem('graphiql:variables', variables ?? '');
}

keepActiveTab();
document.querySelector('#access').addEventListener('submit', (event) => {
  event.preventDefault();
  void use(field.value);
});
field.addEventListener('input', (event) => {
  if (event.inputType === 'insertFromPaste') void use(field.value);
});
forget.addEventListener('click', () => {
  void use('');
  field.focus();
});
await use(heldToken());
