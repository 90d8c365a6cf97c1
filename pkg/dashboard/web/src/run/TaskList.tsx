import { Link } from 'react-router'
import type { Task } from '../api/schema'
import { StateIcon } from '../ui/StateIcon'
import { wordOf } from '../ui/state'
import { Took } from '../ui/Took'
import { taskHref, taskNote } from './tasks'

export function TaskList({ run, tasks }: { run: string; tasks: Task[] }) {
  return (
    <ul className="card task-list">
      {tasks.map((task) => {
        const href = taskHref(run, task)
        return (
          <li key={task.name}>
            <StateIcon state={task.state} silent />
            <div>
              <strong>{href ? <Link to={href}>{task.name}</Link> : task.name}</strong> {task.finally && <span className="tag">finally</span>}{' '}
              {Boolean(task.retries) && <span className="tag">attempt {(task.retries ?? 0) + 1}</span>}
              <p className="quiet">{task.runAfter.length > 0 ? `after ${task.runAfter.join(', ')}` : ''}</p>
              {taskNote(task) && <p className={task.state === 'failure' ? 'bad' : 'quiet'}>{taskNote(task)}</p>}
            </div>
            <span className="end">
              <span>{wordOf(task.state)}</span>
              {task.started && <Took from={task.started} to={task.ended ?? (task.state === 'running' ? undefined : task.started)} />}
            </span>
          </li>
        )
      })}
    </ul>
  )
}
