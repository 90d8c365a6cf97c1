// Each area is an object of handlers by "METHOD /path/{parameter}". A handler returns JSON, or undefined after it has
// written the answer itself; an answer with a status of 400 or more is a problem.
import deliveries from './deliveries.mjs'
import help from './help.mjs'
import history from './history.mjs'
import log from './log.mjs'
import run from './run.mjs'
import runs from './runs.mjs'
import session from './session.mjs'

export const areas = [session, runs, run, log, history, deliveries, help]
