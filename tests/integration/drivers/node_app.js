// node-postgres: unnamed and named statements of the extended protocol, pools, notifications.
'use strict';

const { Client, Pool } = require('pg');

const TEXT = 'Grüße, 世界, 🐘, it\'s \\ "quoted"';
const BYTES = Buffer.from(Array.from({ length: 256 * 40 }, (_, n) => n % 256));

function equal(got, wanted, what) {
  if (JSON.stringify(got) === JSON.stringify(wanted)) return;
  throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

async function fails(code, what, promise) {
  try {
    await promise;
  } catch (error) {
    equal(error.code, code, what);
    return error;
  }
  throw new Error(`${what}: no error, wanted ${code}`);
}

const one = async (c, ...query) => (await c.query(...query)).rows[0];

async function writeAndReadBack(c) {
  await c.query('create table item (id serial primary key, name text, data bytea, tags text[], note text)');
  const insert = 'insert into item (name, data, tags) values ($1, $2, $3) returning id';
  const { id } = await one(c, insert, [TEXT, BYTES, ['a', null, "b'c"]]);
  const row = await one(c, 'select name, data, tags, note from item where id = $1', [id]);
  equal(row, { name: TEXT, data: BYTES, tags: ['a', null, "b'c"], note: null }, 'the row read back');
}

async function namedStatementsReadOwnWrites(c) {
  await c.query('create table counter (n int)');
  await c.query('insert into counter values (0)');
  for (let n = 1; n <= 100; n++) {
    await c.query({ name: 'write', text: 'update counter set n = $1', values: [n] });
    const read = await one(c, { name: 'read', text: 'select n from counter where n >= $1', values: [0] });
    equal(read, { n }, 'the counter after its update');
  }
}

async function queriesSentTogether(c) {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => one(c, 'select $1::int as n', [n])));
  equal(answers.map((row) => row.n), Array.from({ length: 100 }, (_, n) => n), 'answers in order');
}

async function severalStatementsInOneQuery(c) {
  const results = await c.query("insert into item (name) values ('multi'); select count(*) from item; select 2 as two");
  equal(results.map((result) => result.command), ['INSERT', 'SELECT', 'SELECT'], 'commands');
  equal(results[2].rows, [{ two: 2 }], 'the last result');
}

async function transactionsAndSavepoints(c) {
  const before = Number((await one(c, 'select count(*) from item')).count);
  await c.query('begin');
  await c.query("insert into item (name) values ('undone')");
  await c.query('rollback');
  await c.query('begin');
  await c.query('savepoint s');
  await fails('22012', '1/0', c.query('select 1/$1::int', [0]));
  await fails('25P02', 'after an error', c.query('select 1'));
  await c.query('rollback to savepoint s');
  await c.query('insert into item (name) values ($1)', ['kept']);
  await c.query('commit');
  equal(Number((await one(c, 'select count(*) from item')).count), before + 1, 'rows after savepoints');
}

async function errorsLeaveTheConnectionUsable(c) {
  for (let turn = 0; turn < 5; turn++) {
    const error = await fails('23505', 'duplicate', c.query('insert into item (id) values ($1)', [1]));
    equal(error.constraint, 'item_pkey', 'the constraint');
    await fails('42P01', 'no table', c.query({ name: `bad${turn}`, text: 'select * from nowhere' }));
    equal(await one(c, 'select 1 as n'), { n: 1 }, 'after errors');
  }
}

async function largeAnswersAndCursors(c) {
  await c.query("create table big as select n, 'row ' || n as t from generate_series(0, 99999) n");
  equal((await c.query('select n, t from big')).rows.length, 100000, 'rows of one large answer');
  await c.query('begin');
  await c.query('declare walk cursor for select n, t from big order by n');
  let wanted = 0;
  for (;;) {
    const { rows } = await c.query('fetch 10000 from walk');
    if (rows.length === 0) break;
    for (const row of rows) equal(row, { n: wanted, t: `row ${wanted++}` }, 'a row of the cursor');
  }
  await c.query('commit');
  equal(wanted, 100000, 'rows of the cursor');
}

async function noticesSettingsAndNotifications(c) {
  const notices = [];
  c.on('notice', (notice) => notices.push(notice.message));
  await c.query("do $$ begin raise notice 'hello %', 1; end $$");
  equal(notices, ['hello 1'], 'notices');
  await c.query("set timezone = 'Asia/Tokyo'");
  for (let turn = 0; turn < 20; turn++) {
    equal(await one(c, 'show timezone'), { TimeZone: 'Asia/Tokyo' }, 'the time zone follows');
  }
  await c.query('reset timezone');
  const news = new Promise((resolve) => c.once('notification', (message) => resolve(message.payload)));
  await c.query('listen news');
  await c.query("select pg_notify('news', 'extra')");
  equal(await news, 'extra', 'a notification');
  await c.query('unlisten *');
}

async function timeouts() {
  const c = new Client({ statement_timeout: 100, application_name: 'storefront' });
  await c.connect();
  equal(await one(c, 'show application_name'), { application_name: 'storefront' }, 'application_name');
  await fails('57014', 'a timeout from the startup packet', c.query('select pg_sleep(60)'));
  equal(await one(c, 'select 1 as n'), { n: 1 }, 'after a timeout');
  await c.end();
}

async function pool() {
  const connections = new Pool({ max: 6 });
  const work = async (number) => {
    const c = await connections.connect();
    for (let turn = 0; turn < 20; turn++) {
      const name = `${number}/${turn}`;
      const { id } = await one(c, 'insert into item (name) values ($1) returning id', [name]);
      equal(await one(c, 'select name from item where id = $1', [id]), { name }, 'own write');
    }
    c.release();
  };
  await Promise.all(Array.from({ length: 12 }, (_, number) => work(number)));
  await connections.end();
}

async function main() {
  const c = new Client();
  await c.connect();
  const steps = [writeAndReadBack, namedStatementsReadOwnWrites, queriesSentTogether, severalStatementsInOneQuery,
    transactionsAndSavepoints, errorsLeaveTheConnectionUsable, largeAnswersAndCursors,
    noticesSettingsAndNotifications, timeouts, pool];
  for (const step of steps) {
    console.log(step.name);
    await step(c);
  }
  await c.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
