package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/lib/pq"
)

var libPq = driver{
	ask:  askLibPq,
	port: func(string) (string, error) { return "", fmt.Errorf("lib/pq takes one host") },
	application: []step{
		{"write and read back", pqWriteAndReadBack},
		{"prepared statements read own writes", pqPreparedStatements},
		{"parameters in binary", pqBinaryParameters},
		{"transactions", pqTransactions},
		{"errors leave the connection usable", pqErrors},
		{"copy", pqCopy},
		{"notifications", pqNotifications},
		{"cancel", pqCancel},
		{"many connections", pqManyConnections},
	},
}

func askLibPq(url string) (answer string, err error) {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRow(question).Scan(&answer)
	return answer, err
}

// One connection, so that all of it is one session.
func pqSession(settings string) *sql.DB {
	db, err := sql.Open("postgres", "sslmode=disable "+settings)
	must(err, "open")
	db.SetMaxOpenConns(1)
	return db
}

func pqExec(db *sql.DB, query string, values ...interface{}) {
	_, err := db.Exec(query, values...)
	must(err, query)
}

func pqFails(err error, state pq.ErrorCode, what string) {
	if known, ok := err.(*pq.Error); !ok || known.Code != state {
		fail("%s: got %v, wanted %s", what, err, state)
	}
}

func pqWriteAndReadBack() {
	db := pqSession("")
	defer db.Close()
	pqExec(db, "create table item (id serial primary key, name text, data bytea, note text)")
	data := bytes.Repeat([]byte{0, 1, 127, 128, 255}, 5000)
	var id int
	insert := "insert into item (name, data) values ($1, $2) returning id"
	must(db.QueryRow(insert, text, data).Scan(&id), insert)
	var name string
	var read []byte
	var note sql.NullString
	must(db.QueryRow("select name, data, note from item where id = $1", id).Scan(&name, &read, &note), "read")
	equal(name, text, "the name")
	equal(bytes.Equal(read, data), true, "the bytes")
	equal(note.Valid, false, "NULL")
}

func pqPreparedStatements() {
	db := pqSession("")
	defer db.Close()
	pqExec(db, "create table counter (n int)")
	pqExec(db, "insert into counter values (0)")
	write, err := db.Prepare("update counter set n = $1")
	must(err, "prepare")
	read, err := db.Prepare("select n from counter where n >= $1")
	must(err, "prepare")
	for n := 1; n <= 100; n++ {
		_, err := write.Exec(n)
		must(err, "write")
		var seen int
		must(read.QueryRow(0).Scan(&seen), "read")
		equal(seen, n, "the counter after its update")
	}
	must(write.Close(), "close")
	must(read.Close(), "close")
}

// Parse, Bind, Describe and Execute in one batch.
func pqBinaryParameters() {
	db := pqSession("binary_parameters=yes")
	defer db.Close()
	for n := 0; n < 20; n++ {
		var sum int
		must(db.QueryRow("select $1::int + count(*)::int from counter", n).Scan(&sum), "read")
		equal(sum, n+1, "the sum")
	}
}

func pqTransactions() {
	db := pqSession("")
	defer db.Close()
	undone, err := db.Begin()
	must(err, "begin")
	_, err = undone.Exec("insert into item (name) values ('undone')")
	must(err, "insert")
	must(undone.Rollback(), "rollback")
	tx, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	must(err, "begin read only")
	var count int
	must(tx.QueryRow("select count(*) from item").Scan(&count), "read")
	equal(count, 1, "rows in a transaction that only reads")
	_, err = tx.Exec("insert into item (name) values ('refused')")
	pqFails(err, "25006", "a write in a transaction that only reads")
	must(tx.Rollback(), "rollback")
	pqExec(db, "insert into item (name) values ('kept')")
	must(db.QueryRow("select count(*) from item").Scan(&count), "read")
	equal(count, 2, "rows")
}

func pqErrors() {
	db := pqSession("")
	defer db.Close()
	for turn := 0; turn < 5; turn++ {
		_, err := db.Exec("insert into item (id) values ($1)", 1)
		pqFails(err, "23505", "duplicate")
		_, err = db.Query("select * from nowhere")
		pqFails(err, "42P01", "no table")
		var one int
		must(db.QueryRow("select $1::int", 1).Scan(&one), "after errors")
	}
}

func pqCopy() {
	db := pqSession("")
	defer db.Close()
	pqExec(db, "create table big (n int, t text)")
	tx, err := db.Begin()
	must(err, "begin")
	rows, err := tx.Prepare(pq.CopyIn("big", "n", "t"))
	must(err, "copy")
	for n := 0; n < 50000; n++ {
		_, err := rows.Exec(n, fmt.Sprint("row ", n))
		must(err, "a row")
	}
	_, err = rows.Exec()
	must(err, "the end of the rows")
	must(rows.Close(), "close")
	must(tx.Commit(), "commit")
	var count int
	must(db.QueryRow("select count(*) from big where t = 'row ' || n").Scan(&count), "count")
	equal(count, 50000, "rows copied in")
}

func pqNotifications() {
	listener := pq.NewListener("sslmode=disable", time.Second, time.Minute, nil)
	defer listener.Close()
	must(listener.Listen("news"), "listen")
	db := pqSession("")
	defer db.Close()
	pqExec(db, "select pg_notify('news', 'extra')")
	select {
	case news := <-listener.Notify:
		equal(news.Extra, "extra", "a notification")
	case <-time.After(time.Minute):
		fail("no notification")
	}
}

func pqCancel() {
	db := pqSession("")
	defer db.Close()
	for turn := 0; turn < 3; turn++ {
		limit, done := context.WithTimeout(context.Background(), 100*time.Millisecond)
		_, err := db.ExecContext(limit, "select pg_sleep(60)")
		done()
		pqFails(err, "57014", "a cancelled statement")
		var one int
		must(db.QueryRow("select 1").Scan(&one), "after a cancel")
	}
}

func pqManyConnections() {
	db, err := sql.Open("postgres", "sslmode=disable")
	must(err, "open")
	defer db.Close()
	var all sync.WaitGroup
	for number := 0; number < 8; number++ {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			connection, err := db.Conn(context.Background())
			must(err, "connect")
			defer connection.Close()
			for turn := 0; turn < 20; turn++ {
				name := fmt.Sprint(number, "/", turn)
				var id int
				var seen string
				insert := "insert into item (name) values ($1) returning id"
				must(connection.QueryRowContext(context.Background(), insert, name).Scan(&id), "insert")
				read := "select name from item where id = $1"
				must(connection.QueryRowContext(context.Background(), read, id).Scan(&seen), "read")
				equal(seen, name, "own write")
			}
		}(number)
	}
	all.Wait()
}
