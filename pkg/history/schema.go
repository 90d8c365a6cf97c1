package history

// version is that of the schema below and of what the columns mean; a file with another one is thrown away.
const version = 1

// schema makes an empty index.
//
// The id of a run is its place in time, see placeOf: the order of the table is the order of every list. A series is what
// runs have in common: where they belong, what they are called and which repositories one has to be allowed to read to see
// them. There are few, so that filters and permissions are resolved to series, whose ids are never used again, and a run
// only has to be one of them. A term is what a run may have several of: pull requests, authors, commits.
const schema = `
CREATE TABLE series (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	connection TEXT NOT NULL,
	repo TEXT NOT NULL,
	job TEXT NOT NULL,
	type TEXT NOT NULL,
	needs TEXT NOT NULL,
	runs INTEGER NOT NULL DEFAULT 0,
	UNIQUE (connection, repo, job, type, needs)
);
CREATE TABLE needs (
	series INTEGER NOT NULL,
	repo TEXT NOT NULL,
	PRIMARY KEY (series, repo)
) WITHOUT ROWID;
CREATE TABLE authors (
	author TEXT NOT NULL,
	series INTEGER NOT NULL,
	PRIMARY KEY (author, series)
) WITHOUT ROWID;
CREATE TABLE runs (
	id INTEGER PRIMARY KEY,
	series INTEGER NOT NULL,
	state INTEGER NOT NULL,
	name TEXT NOT NULL UNIQUE,
	path TEXT NOT NULL,
	archived INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	sha TEXT NOT NULL,
	began INTEGER NOT NULL,
	ended INTEGER NOT NULL
);
CREATE INDEX runs_by_path ON runs (path);
CREATE TABLE objects (
	run INTEGER PRIMARY KEY,
	head BLOB NOT NULL,
	rest BLOB NOT NULL
);
CREATE TABLE terms (
	term TEXT NOT NULL,
	run INTEGER NOT NULL,
	PRIMARY KEY (term, run)
) WITHOUT ROWID;
CREATE INDEX terms_by_run ON terms (run);
CREATE TRIGGER counted AFTER INSERT ON runs BEGIN
	UPDATE series SET runs = runs + 1 WHERE id = new.series;
END;
CREATE TRIGGER discounted AFTER DELETE ON runs BEGIN
	UPDATE series SET runs = runs - 1 WHERE id = old.series;
	DELETE FROM objects WHERE run = old.id;
	DELETE FROM terms WHERE run = old.id;
END;
`
