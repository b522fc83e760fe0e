// Logs in by each of the URLs given and says, in a line for each, who it has become there and by which SASL mechanism, or
// why it could not.
'use strict';

const { Client } = require('pg');

const QUESTION = "select current_user || ' ' || ssl as answer from pg_stat_ssl where pid = pg_backend_pid()";

async function ask(url) {
  const parts = new URL(url);
  const bound = parts.searchParams.get('channel_binding') === 'require';
  parts.searchParams.delete('channel_binding');
  const c = new Client({ connectionString: parts.href, enableChannelBinding: bound });
  let mechanism = '';
  const send = c.connection.sendSASLInitialResponseMessage;
  c.connection.sendSASLInitialResponseMessage = function (chosen, response) {
    mechanism = ` ${chosen}`;
    send.call(this, chosen, response);
  };
  await c.connect();
  try {
    return (await c.query(QUESTION)).rows[0].answer + mechanism;
  } finally {
    await c.end();
  }
}

async function main() {
  for (const url of process.argv.slice(2)) {
    const answer = await ask(url).catch((error) => `${error.name}: ${error.message}`);
    console.log(answer.replace(/\s+/g, ' '));
  }
}

main();
