package artifacts

import "time"

// Every limit of the door, so that they can be judged together. Whoever sends here runs code of a pull request, so a run must
// not be able to fill the store, the memory or the connections that other runs need.
const (
	// maxFile is more than any report or test archive; images and disks belong into a registry.
	maxFile = 2 << 30
	// maxRun and maxFiles bound one run: enough for the logs of a large cluster test, and a listing of the folder stays quick.
	maxRun   = 10 << 30
	maxFiles = 20_000
	// maxRecords is for clone-records.json: some dozens of git commands, each with at most 64 KiB of output.
	maxRecords = 4 << 20
	// maxPath leaves room for the run's folder within S3's 1024 bytes.
	maxPath = 700
	// maxUploads bounds the files being stored at once, each of which may hold one part of 8 MiB in memory.
	maxUploads = 16
	// queueTime is how long a file waits for its turn; pods try again after an answer of "busy".
	queueTime = 20 * time.Second
	// lateTime is how long after its end a run may still send: the time of a slow upload, and of news travelling.
	lateTime = 15 * time.Minute
	// identityTime is how long a proven token is believed without asking again; a pod that is deleted sends no longer than that.
	identityTime = time.Minute
	// maxIdentities and maxUsages bound what is remembered of pods and runs, some 100 bytes and up to 2 MiB each.
	maxIdentities = 4096
	maxUsages     = 64
	// headerTime and idleTime bound silent connections; a body may take as long as bytes arrive.
	headerTime = 5 * time.Second
	idleTime   = time.Minute
	maxHeader  = 16 << 10
	// drainTime bounds a shutdown; files cut off are sent again to another replica.
	drainTime = 20 * time.Second
)
