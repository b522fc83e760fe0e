// pgjdbc: server-side prepares after some executions, fetch sizes, batches, COPY, cancellation.

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class JdbcApp {
  static final String TEXT = "Grüße, 世界, 🐘, it's \\ \"quoted\"";

  interface Step {
    void run() throws Exception;
  }

  static void equal(Object got, Object wanted, String what) {
    if (!Objects.equals(got, wanted)) throw new AssertionError(what + ": got " + got + ", wanted " + wanted);
  }

  static void fails(String state, String what, Step action) throws Exception {
    try {
      action.run();
    } catch (SQLException error) {
      equal(error.getSQLState(), state, what);
      return;
    }
    throw new AssertionError(what + ": no error, wanted " + state);
  }

  static Connection connect(String options) throws SQLException {
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
        + System.getenv("PGDATABASE") + "?user=" + System.getenv("PGUSER") + options;
    return DriverManager.getConnection(url);
  }

  static void execute(Connection c, String sql) throws SQLException {
    try (Statement statement = c.createStatement()) {
      statement.execute(sql);
    }
  }

  static String ask(Connection c, String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      for (int n = 0; n < values.length; n++) statement.setObject(n + 1, values[n]);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? rows.getString(1) : null;
      }
    }
  }

  static void writeAndReadBack(Connection c) throws Exception {
    byte[] bytes = new byte[10_000];
    for (int n = 0; n < bytes.length; n++) bytes[n] = (byte) n;
    execute(c, "create table item (id serial primary key, name text, data bytea, tags text[], note text)");
    String insert = "insert into item (name, data, tags) values (?, ?, ?)";
    try (PreparedStatement statement = c.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS)) {
      statement.setString(1, TEXT);
      statement.setBytes(2, bytes);
      statement.setArray(3, c.createArrayOf("text", new String[] {"a", null, "b'c"}));
      statement.executeUpdate();
      ResultSet keys = statement.getGeneratedKeys();
      keys.next();
      equal(keys.getInt("id"), 1, "the generated key");
    }
    try (PreparedStatement statement = c.prepareStatement("select name, data, tags, note from item where id = ?")) {
      statement.setInt(1, 1);
      ResultSet row = statement.executeQuery();
      row.next();
      equal(row.getString(1), TEXT, "text");
      equal(Arrays.equals(row.getBytes(2), bytes), true, "bytes");
      equal(Arrays.asList((String[]) row.getArray(3).getArray()), Arrays.asList("a", null, "b'c"), "array");
      equal(row.getString(4), null, "NULL");
    }
  }

  // From the fifth execution on, pgjdbc uses a named statement; with a threshold of -1, a binary one at once.
  static void preparedReadsAndWritesAlternate(Connection c) throws Exception {
    execute(c, "create table if not exists counter (n int)");
    execute(c, "insert into counter values (0)");
    try (PreparedStatement write = c.prepareStatement("update counter set n = ?");
        PreparedStatement read = c.prepareStatement("select n from counter where n >= ?")) {
      for (int n = 1; n <= 100; n++) {
        write.setInt(1, n);
        write.executeUpdate();
        read.setInt(1, 0);
        ResultSet row = read.executeQuery();
        row.next();
        equal(row.getInt(1), n, "the counter after its update");
      }
    }
  }

  static void otherModes(Connection c) throws Exception {
    for (String options : List.of("&prepareThreshold=1", "&prepareThreshold=-1", "&prepareThreshold=0",
        "&preferQueryMode=simple", "&preferQueryMode=extendedForPrepared", "&preparedStatementCacheQueries=2")) {
      execute(c, "truncate counter");
      try (Connection other = connect(options)) {
        preparedReadsAndWritesAlternate(other);
        for (int n = 0; n < 20; n++) equal(ask(other, "select " + n + " + ?::int", 1), "" + (n + 1), options);
      }
    }
  }

  static void transactionsAndSavepoints(Connection c) throws Exception {
    c.setAutoCommit(false);
    String before = ask(c, "select count(*) from item");
    execute(c, "insert into item (name) values ('undone')");
    c.rollback();
    Savepoint savepoint = c.setSavepoint("s");
    fails("22012", "1/0", () -> ask(c, "select 1 / ?::int", 0));
    fails("25P02", "after an error", () -> ask(c, "select 1"));
    c.rollback(savepoint);
    execute(c, "insert into item (name) values ('kept')");
    c.commit();
    equal(ask(c, "select count(*) from item"), "" + (Integer.parseInt(before) + 1), "rows after savepoints");
    c.commit();
    c.setAutoCommit(true);
  }

  static void readOnlyTransactions(Connection c) throws Exception {
    c.setReadOnly(true);
    c.setAutoCommit(false);
    equal(ask(c, "select name from item where id = ?", 1), TEXT, "a read in a read-only transaction");
    fails("25006", "a write in a read-only transaction", () -> execute(c, "insert into item (name) values ('no')"));
    c.rollback();
    c.setAutoCommit(true);
    c.setReadOnly(false);
    execute(c, "insert into item (name) values ('yes')");
    equal(ask(c, "select name from item order by id desc limit 1"), "yes", "a write after setReadOnly(false)");
  }

  static void errorsLeaveTheConnectionUsable(Connection c) throws Exception {
    for (int n = 0; n < 8; n++) {
      fails("23505", "duplicate", () -> ask(c, "insert into item (id) values (?) returning id", 1));
      fails("42P01", "no table", () -> ask(c, "select * from nowhere"));
      equal(ask(c, "select 1"), "1", "after errors");
    }
  }

  static void batches(Connection c) throws Exception {
    execute(c, "create table batch (n int primary key)");
    try (PreparedStatement insert = c.prepareStatement("insert into batch values (?)")) {
      for (int n = 0; n < 1_000; n++) {
        insert.setInt(1, n);
        insert.addBatch();
      }
      equal(insert.executeBatch().length, 1_000, "a batch");
      insert.setInt(1, 5_000);
      insert.addBatch();
      insert.setInt(1, 1);
      insert.addBatch();
      fails("23505", "a batch with a duplicate", insert::executeBatch);
    }
    equal(ask(c, "select count(*) from batch where n < 1000"), "1000", "rows of the batch");
  }

  static void copyAndStream(Connection c) throws Exception {
    StringBuilder text = new StringBuilder();
    for (int n = 0; n < 100_000; n++) text.append(n).append("\trow ").append(n).append('\n');
    execute(c, "create table big (n int, t text)");
    CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
    equal(copy.copyIn("copy big from stdin", new StringReader(text.toString())), 100_000L, "rows copied in");
    c.setAutoCommit(false);
    try (PreparedStatement all = c.prepareStatement("select n, t from big order by n")) {
      all.setFetchSize(5_000);
      ResultSet rows = all.executeQuery();
      int wanted = 0;
      for (; rows.next(); wanted++) equal(rows.getString(2), "row " + wanted, "a streamed row");
      equal(wanted, 100_000, "streamed rows");
    }
    c.commit();
    c.setAutoCommit(true);
    StringWriter out = new StringWriter();
    copy.copyOut("copy (select n, t from big order by n) to stdout", out);
    equal(out.toString().equals(text.toString()), true, "what was copied out is what was copied in");
    fails("22P02", "bad copy", () -> copy.copyIn("copy big from stdin", new StringReader("x\ty\n".repeat(10_000))));
    equal(ask(c, "select count(*) from big"), "100000", "rows after a failed copy");
  }

  static void noticesAndSettings(Connection c) throws Exception {
    try (Statement statement = c.createStatement()) {
      statement.execute("do $$ begin raise notice 'hello %', 1; end $$");
      equal(statement.getWarnings().getMessage(), "hello 1", "a notice");
    }
    execute(c, "create schema other create table item (only_here int)");
    c.setSchema("other");
    for (int n = 0; n < 20; n++) equal(ask(c, "select count(only_here) from item"), "0", "the search_path follows");
    c.setSchema("public");
    execute(c, "set timezone = 'Asia/Tokyo'");
    for (int n = 0; n < 20; n++) equal(ask(c, "show timezone"), "Asia/Tokyo", "the time zone follows");
    execute(c, "discard all");
    equal("Asia/Tokyo".equals(ask(c, "show timezone")), false, "the time zone after DISCARD ALL");
  }

  static void cancelAndTimeout(Connection c) throws Exception {
    try (Statement statement = c.createStatement()) {
      statement.setQueryTimeout(1);
      fails("57014", "a query timeout", () -> statement.execute("select pg_sleep(60)"));
    }
    execute(c, "set statement_timeout = 100");
    fails("57014", "statement_timeout", () -> execute(c, "select pg_sleep(60)"));
    execute(c, "reset statement_timeout");
    equal(ask(c, "select 1"), "1", "after a cancel and a timeout");
  }

  static void manyConnections(Connection unused) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(6);
    List<Future<Void>> done = new ArrayList<>();
    for (int number = 0; number < 6; number++) {
      String name = "worker " + number;
      Callable<Void> work = () -> {
        try (Connection c = connect("")) {
          for (int turn = 0; turn < 20; turn++) {
            String id = ask(c, "insert into item (name) values (?) returning id", name + turn);
            equal(ask(c, "select name from item where id = ?", Integer.valueOf(id)), name + turn, "own write");
          }
        }
        return null;
      };
      done.add(threads.submit(work));
    }
    for (Future<Void> each : done) each.get();
    threads.shutdown();
  }

  interface ConnectedStep {
    void run(Connection c) throws Exception;
  }

  static void step(String name, Connection c, ConnectedStep action) throws Exception {
    System.out.println(name);
    action.run(c);
  }

  public static void main(String[] arguments) throws Exception {
    try (Connection c = connect("")) {
      step("write and read back", c, JdbcApp::writeAndReadBack);
      step("prepared reads and writes alternate", c, JdbcApp::preparedReadsAndWritesAlternate);
      step("other modes", c, JdbcApp::otherModes);
      step("transactions and savepoints", c, JdbcApp::transactionsAndSavepoints);
      step("read-only transactions", c, JdbcApp::readOnlyTransactions);
      step("errors leave the connection usable", c, JdbcApp::errorsLeaveTheConnectionUsable);
      step("batches", c, JdbcApp::batches);
      step("copy and stream", c, JdbcApp::copyAndStream);
      step("notices and settings", c, JdbcApp::noticesAndSettings);
      step("cancel and timeout", c, JdbcApp::cancelAndTimeout);
      step("many connections", c, JdbcApp::manyConnections);
    }
  }
}
