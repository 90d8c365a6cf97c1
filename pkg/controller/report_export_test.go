package controller

// What a manager would call, for tests without one.
var (
	ReportIndexes = reportIndexes
	ReportKeys    = reportKeys
)
