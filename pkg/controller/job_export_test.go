package controller

// JobIndexes lets tests give a fake client the indexes that a manager's cache has.
var JobIndexes = jobIndexes
