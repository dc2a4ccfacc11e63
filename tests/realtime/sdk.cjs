// Drives the published JavaScript SDK through one conversation, and prints what it saw as one object.
//
// node sdk.cjs <directory with node_modules> <url> <tokens as JSON>
// A line {"ask": ...} on stdout asks the test to act on the server; the last line is {"saw": ...}.

const { createRequire } = require('node:module');
const [, , clients, url, tokensText] = process.argv;
const load = createRequire(`${clients}/package.json`);
const { Centrifuge } = load('centrifuge');
const WebSocket = load('ws');
const tokens = JSON.parse(tokensText);
const saw = {};

function client(token, options = {}) {
  return new Centrifuge(url, { websocket: WebSocket, token, minReconnectDelay: 50, maxReconnectDelay: 200, ...options });
}

function ask(what) {
  console.log(JSON.stringify({ ask: what }));
}

// Once an event comes of which `wanted` is true, gives it.
function next(emitter, event, wanted = () => true) {
  return new Promise((resolve) => {
    const hear = (context) => {
      if (wanted(context)) {
        emitter.removeListener(event, hear);
        resolve(context);
      }
    };
    emitter.on(event, hear);
  });
}

function collect(subscription) {
  const heard = [];
  subscription.on('publication', (context) => heard.push([context.offset, context.data]));
  return heard;
}

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function refusal(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return error.code;
  }
}

async function publishAndAsk(ann, bob) {
  const sub = ann.newSubscription('chat:1', { joinLeave: true });
  const bobs = bob.newSubscription('chat:1');
  const heard = collect(sub);
  sub.subscribe();
  await sub.ready(5000);
  const joined = next(sub, 'join', (context) => context.info.user === 'bob');
  bobs.subscribe();
  await bobs.ready(5000);
  saw.joined = (await joined).info.user;
  await bobs.publish({ n: 1 });
  await bobs.publish({ n: 2 });
  await until(() => heard.length === 2);
  const history = await sub.history({ limit: 1, reverse: true });
  saw.newest = [history.offset, history.publications.map((one) => one.data)];
  saw.stats = await sub.presenceStats();
  saw.present = Object.values((await sub.presence()).clients).map((info) => info.user).sort();
  saw.rpc = await refusal(ann.rpc('open', {}));
  saw.ahead = await refusal(sub.history({ limit: 1, since: { offset: 1, epoch: 'other' } }));
  return { sub, bobs, heard };
}

async function recover(ann, { sub, bobs, heard }) {
  const again = next(sub, 'subscribed');
  ann.disconnect();
  for (let n = 3; n <= 30; n += 1) await bobs.publish({ n });
  ann.connect();
  const context = await again;
  saw.recovered = [context.wasRecovering, context.recovered];
  await until(() => heard.length === 30);
  saw.heard = heard;
  const other = ann.newSubscription('news:1', { since: { offset: 1, epoch: 'other' } });
  const subscribed = next(other, 'subscribed');
  other.subscribe();
  const refused = await subscribed;
  saw.refused = [refused.wasRecovering, refused.recovered];
  const gone = next(other, 'unsubscribed');
  ask({ unsubscribe: 'news:1', user: 'ann' });
  saw.unsubscribed = (await gone).code;
}

async function personal(ann) {
  const first = next(ann, 'publication');
  ask({ publish: '#ann', data: 'first' });
  saw.personal = [(await first).channel, (await first).data];
  const back = next(ann, 'subscribed', (context) => context.channel === '#ann');
  ask({ disconnect: 'ann', code: 3000, reason: 'connection closed' });
  await next(ann, 'connecting');
  const context = await back;
  saw.personalRecovered = [context.wasRecovering, context.recovered];
}

async function fromTheServer(ann) {
  const begun = next(ann, 'subscribed', (context) => context.channel === 'noise:1');
  ask({ subscribe: 'noise:1', user: 'ann' });
  saw.serverSide = (await begun).data;
  const heard = next(ann, 'publication', (context) => context.channel === 'noise:1');
  ask({ publish: 'noise:1', data: 'there' });
  saw.serverHeard = (await heard).data;
  const gone = next(ann, 'unsubscribed', (context) => context.channel === 'noise:1');
  ask({ unsubscribe: 'noise:1', user: 'ann' });
  await gone;
  const message = next(ann, 'message');
  ask({ message: { a: 1 }, user: 'ann' });
  saw.message = (await message).data;
  const plain = ann.newSubscription('load:1', { delta: 'fossil' });
  const whole = next(plain, 'publication');
  plain.subscribe();
  await plain.ready(5000);
  ask({ publish: 'load:1', data: 'whole' });
  saw.withoutDelta = (await whole).data;
}

async function refresh() {
  let asked = 0;
  const carl = client(tokens.short, {
    getToken: async () => {
      asked += 1;
      return tokens.long;
    },
  });
  let connects = 0;
  carl.on('connected', () => {
    connects += 1;
  });
  carl.connect();
  await carl.ready(5000);
  await until(() => asked === 1);
  const sub = carl.newSubscription('news:1');
  sub.subscribe();
  await sub.ready(5000);
  saw.refreshed = [asked, connects];
  carl.disconnect();
}

async function codes(ann) {
  const forged = client(`${tokens.ann}x`);
  const refused = next(forged, 'disconnected');
  forged.connect();
  saw.forged = (await refused).code;
  const denied = ann.newSubscription('club:1');
  const gone = next(denied, 'unsubscribed');
  denied.subscribe();
  saw.denied = (await gone).code;
  const end = next(ann, 'disconnected');
  ask({ disconnect: 'ann', code: 3503, reason: 'force disconnect' });
  saw.ended = (await end).code;
}

async function main() {
  const ann = client(tokens.ann);
  const bob = client(tokens.bob);
  ann.connect();
  bob.connect();
  await Promise.all([ann.ready(5000), bob.ready(5000)]);
  await recover(ann, await publishAndAsk(ann, bob));
  await personal(ann);
  await fromTheServer(ann);
  await refresh();
  await codes(ann);
  bob.disconnect();
  console.log(JSON.stringify({ saw }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error, saw);
    process.exit(1);
  },
);
