import { AnchorEnd, type GraphElement, isNode, type Node, observer, ScaleDetailsLevel, TaskNodeSourceAnchor, TaskNodeTargetAnchor, useAnchor } from '@patternfly/react-topology'
import { Link } from 'react-router'
import type { Task } from '../api/schema'
import { StateIcon } from '../ui/StateIcon'
import { kindOf, wordOf } from '../ui/state'
import { Took } from '../ui/Took'
import { taskHref, taskNote } from './tasks'

const source = (node: Node) => new TaskNodeSourceAnchor(node, ScaleDetailsLevel.high, 0)
const target = (node: Node) => new TaskNodeTargetAnchor(node, 0)

/** TaskNode is a task in the graph: a link to its log. */
export const TaskNode = observer(function TaskNode({ element }: { element: GraphElement }) {
  useAnchor(source, AnchorEnd.source)
  useAnchor(target, AnchorEnd.target)
  if (!isNode(element)) return null
  const { task, run } = element.getData() as { task: Task; run: string }
  const { width, height } = element.getBounds()
  const href = taskHref(run, task)
  const content = (
    <>
      <StateIcon state={task.state} silent />
      <span className="cut name">{task.name}</span>
      <span className="pf-v6-screen-reader">{wordOf(task.state)}</span>
      {task.started && <Took from={task.started} to={task.ended ?? (task.state === 'running' ? undefined : task.started)} />}
    </>
  )
  const title = [task.name, wordOf(task.state), task.finally ? 'runs at the end whatever happened' : '', taskNote(task)].filter(Boolean).join('\n')
  const shape = { className: `task-node is-${kindOf(task.state)}`, title, 'data-finally': task.finally || undefined }
  return (
    <foreignObject width={width} height={height}>
      {href ? (
        <Link to={href} {...shape}>
          {content}
        </Link>
      ) : (
        <span {...shape}>{content}</span>
      )}
    </foreignObject>
  )
})
