package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

var pgxDriver = driver{
	ask:  askPgx,
	port: portPgx,
	application: []step{
		{"write and read back", pgxWriteAndReadBack},
		{"cached statements read own writes", pgxCachedStatements},
		{"the simple protocol", pgxSimpleProtocol},
		{"batches", pgxBatches},
		{"transactions and savepoints", pgxTransactions},
		{"errors leave the connection usable", pgxErrors},
		{"copy", pgxCopy},
		{"large objects", pgxLargeObjects},
		{"notifications", pgxNotifications},
		{"settings", pgxSettings},
		{"cancel", pgxCancel},
		{"many connections", pgxManyConnections},
	},
}

var always = context.Background()

func askPgx(url string) (answer string, err error) {
	c, err := pgx.Connect(always, url)
	if err != nil {
		return "", err
	}
	defer c.Close(always)
	err = c.QueryRow(always, question).Scan(&answer)
	return answer, err
}

func portPgx(url string) (string, error) {
	c, err := pgx.Connect(always, url)
	if err != nil {
		return "", err
	}
	defer c.Close(always)
	_, port, err := net.SplitHostPort(c.PgConn().Conn().RemoteAddr().String())
	return port, err
}

func pgxSession() *pgx.Conn {
	c, err := pgx.Connect(always, "sslmode=disable")
	must(err, "connect")
	return c
}

func pgxExec(c *pgx.Conn, query string, values ...interface{}) {
	_, err := c.Exec(always, query, values...)
	must(err, query)
}

func pgxFails(err error, state, what string) {
	var known *pgconn.PgError
	if !errors.As(err, &known) || known.Code != state {
		fail("%s: got %v, wanted %s", what, err, state)
	}
}

func pgxCount(c *pgx.Conn, query string) (count int) {
	must(c.QueryRow(always, query).Scan(&count), query)
	return count
}

func pgxWriteAndReadBack() {
	c := pgxSession()
	defer c.Close(always)
	pgxExec(c, "create table item (id serial primary key, name text, data bytea, tags text[], note text)")
	data := bytes.Repeat([]byte{0, 1, 127, 128, 255}, 5000)
	var id int
	insert := "insert into item (name, data, tags) values ($1, $2, $3) returning id"
	must(c.QueryRow(always, insert, text, data, []string{"a", "b'c"}).Scan(&id), insert)
	var name string
	var read []byte
	var tags []string
	var note *string
	must(c.QueryRow(always, "select name, data, tags, note from item where id = $1", id).Scan(&name, &read, &tags, &note),
		"read")
	equal(name, text, "the name")
	equal(bytes.Equal(read, data), true, "the bytes")
	equal(fmt.Sprint(tags), "[a b'c]", "the array")
	equal(note == nil, true, "NULL")
}

// Named ones, without being asked; and one that is prepared by name.
func pgxCachedStatements() {
	c := pgxSession()
	defer c.Close(always)
	pgxExec(c, "create table counter (n int)")
	pgxExec(c, "insert into counter values (0)")
	_, err := c.Prepare(always, "read", "select n from counter where n >= $1")
	must(err, "prepare")
	for n := 1; n <= 100; n++ {
		pgxExec(c, "update counter set n = $1", n)
		var seen, again int
		must(c.QueryRow(always, "select n from counter where n > $1", 0).Scan(&seen), "read")
		must(c.QueryRow(always, "read", 0).Scan(&again), "read by name")
		equal(seen, n, "the counter after its update")
		equal(again, n, "the counter after its update")
	}
	must(c.Deallocate(always, "read"), "deallocate")
}

func pgxSimpleProtocol() {
	c := pgxSession()
	defer c.Close(always)
	for n := 0; n < 20; n++ {
		var sum int
		must(c.QueryRow(always, "select $1::int + count(*)::int from counter", pgx.QuerySimpleProtocol(true), n).Scan(&sum),
			"read")
		equal(sum, n+1, "the sum")
	}
}

func pgxBatches() {
	c := pgxSession()
	defer c.Close(always)
	batch := &pgx.Batch{}
	for n := 0; n < 100; n++ {
		batch.Queue("insert into item (name) values ($1) returning name", fmt.Sprint("batch ", n))
		batch.Queue("select count(*)::text from item where name like 'batch %'")
	}
	results := c.SendBatch(always, batch)
	for n := 0; n < 100; n++ {
		var name, count string
		must(results.QueryRow().Scan(&name), "insert")
		must(results.QueryRow().Scan(&count), "count")
		equal(name, fmt.Sprint("batch ", n), "the row")
		equal(count, fmt.Sprint(n+1), "the rows so far")
	}
	must(results.Close(), "close")
	bad := &pgx.Batch{}
	bad.Queue("insert into item (name) values ('undone')")
	bad.Queue("insert into item (id) values (1)")
	results = c.SendBatch(always, bad)
	_, err := results.Exec()
	must(err, "the first of a batch that fails")
	pgxFails(results.Close(), "23505", "a batch that fails")
	equal(pgxCount(c, "select count(*)::int from item where name = 'undone'"), 0, "rows of a batch that has failed")
}

func pgxTransactions() {
	c := pgxSession()
	defer c.Close(always)
	before := pgxCount(c, "select count(*)::int from item")
	tx, err := c.Begin(always)
	must(err, "begin")
	inner, err := tx.Begin(always)
	must(err, "savepoint")
	_, err = inner.Exec(always, "insert into item (id) values (1)")
	pgxFails(err, "23505", "duplicate")
	must(inner.Rollback(always), "rollback to savepoint")
	_, err = tx.Exec(always, "insert into item (name) values ('kept')")
	must(err, "insert")
	must(tx.Commit(always), "commit")
	equal(pgxCount(c, "select count(*)::int from item"), before+1, "rows")
	reads, err := c.BeginTx(always, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead})
	must(err, "begin read only")
	var count int
	must(reads.QueryRow(always, "select count(*)::int from item").Scan(&count), "read")
	equal(count, before+1, "rows in a transaction that only reads")
	_, err = reads.Exec(always, "insert into item (name) values ('refused')")
	pgxFails(err, "25006", "a write in a transaction that only reads")
	must(reads.Rollback(always), "rollback")
}

func pgxErrors() {
	c := pgxSession()
	defer c.Close(always)
	for turn := 0; turn < 5; turn++ {
		_, err := c.Exec(always, "insert into item (id) values ($1)", 1)
		pgxFails(err, "23505", "duplicate")
		_, err = c.Exec(always, "select * from nowhere where 1 = $1", 1)
		pgxFails(err, "42P01", "no table")
		equal(pgxCount(c, "select 1::int"), 1, "after errors")
	}
}

func pgxCopy() {
	c := pgxSession()
	defer c.Close(always)
	pgxExec(c, "create table big (n int, t text)")
	rows := make([][]interface{}, 50000)
	for n := range rows {
		rows[n] = []interface{}{n, fmt.Sprint("row ", n)}
	}
	copied, err := c.CopyFrom(always, pgx.Identifier{"big"}, []string{"n", "t"}, pgx.CopyFromRows(rows))
	must(err, "copy")
	equal(copied, int64(50000), "rows copied in")
	equal(pgxCount(c, "select count(*)::int from big where t = 'row ' || n"), 50000, "rows")
}

func pgxLargeObjects() {
	c := pgxSession()
	defer c.Close(always)
	tx, err := c.Begin(always)
	must(err, "begin")
	objects := tx.LargeObjects()
	id, err := objects.Create(always, 0)
	must(err, "create")
	object, err := objects.Open(always, id, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
	must(err, "open")
	data := bytes.Repeat([]byte("elephant"), 10000)
	_, err = object.Write(data)
	must(err, "write")
	_, err = object.Seek(0, 0)
	must(err, "seek")
	read := make([]byte, len(data))
	_, err = object.Read(read)
	must(err, "read")
	equal(bytes.Equal(read, data), true, "the object")
	must(tx.Commit(always), "commit")
}

func pgxNotifications() {
	listener, c := pgxSession(), pgxSession()
	defer listener.Close(always)
	defer c.Close(always)
	pgxExec(listener, "listen news")
	pgxExec(c, "select pg_notify('news', 'extra')")
	limit, done := context.WithTimeout(always, time.Minute)
	defer done()
	news, err := listener.WaitForNotification(limit)
	must(err, "a notification")
	equal(news.Payload, "extra", "a notification")
}

func pgxSettings() {
	c := pgxSession()
	defer c.Close(always)
	pgxExec(c, "set timezone = 'Asia/Tokyo'")
	for turn := 0; turn < 20; turn++ {
		var zone string
		must(c.QueryRow(always, "show timezone").Scan(&zone), "show")
		equal(zone, "Asia/Tokyo", "the time zone follows")
	}
}

// It gives the connection up.
func pgxCancel() {
	c := pgxSession()
	limit, done := context.WithTimeout(always, 100*time.Millisecond)
	defer done()
	_, err := c.Exec(limit, "select pg_sleep(60)")
	equal(pgconn.Timeout(err), true, "a statement that takes too long")
	equal(c.IsClosed(), true, "the connection is closed")
	other := pgxSession()
	defer other.Close(always)
	pgxExec(other, "set statement_timeout = 100")
	_, err = other.Exec(always, "select pg_sleep(60)")
	pgxFails(err, "57014", "statement_timeout")
	equal(pgxCount(other, "select 1::int"), 1, "after a timeout")
}

func pgxManyConnections() {
	pool, err := pgxpool.Connect(always, "sslmode=disable pool_max_conns=6")
	must(err, "pool")
	defer pool.Close()
	var all sync.WaitGroup
	for number := 0; number < 12; number++ {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			c, err := pool.Acquire(always)
			must(err, "acquire")
			defer c.Release()
			for turn := 0; turn < 20; turn++ {
				name := fmt.Sprint(number, "/", turn)
				var id int
				var seen string
				must(c.QueryRow(always, "insert into item (name) values ($1) returning id", name).Scan(&id), "insert")
				must(c.QueryRow(always, "select name from item where id = $1", id).Scan(&seen), "read")
				equal(seen, name, "own write")
			}
		}(number)
	}
	all.Wait()
}
