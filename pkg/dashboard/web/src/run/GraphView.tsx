import {
  action,
  type ComponentFactory,
  createTopologyControlButtons,
  DEFAULT_EDGE_TYPE,
  DEFAULT_FINALLY_NODE_TYPE,
  DEFAULT_SPACER_NODE_TYPE,
  DEFAULT_TASK_NODE_TYPE,
  defaultControlButtonsOptions,
  getEdgesFromNodes,
  getSpacerNodes,
  GraphComponent,
  ModelKind,
  PipelineDagreLayout,
  type PipelineNodeModel,
  SpacerNode,
  TaskEdge,
  TopologyControlBar,
  TopologyView,
  Visualization,
  VisualizationProvider,
  VisualizationSurface,
  withPanZoom,
} from '@patternfly/react-topology'
import { useEffect, useMemo } from 'react'
import type { Task } from '../api/schema'
import { TaskNode } from './TaskNode'
import { sizeOf } from './tasks'

const Surface = withPanZoom()(GraphComponent)

const components: ComponentFactory = (kind, type) => {
  if (kind === ModelKind.graph) return Surface
  switch (type) {
    case DEFAULT_TASK_NODE_TYPE:
    case DEFAULT_FINALLY_NODE_TYPE:
      return TaskNode
    case DEFAULT_SPACER_NODE_TYPE:
      return SpacerNode
    default:
      return TaskEdge
  }
}

function newController(): Visualization {
  const controller = new Visualization()
  controller.registerComponentFactory(components)
  controller.registerLayoutFactory((_, graph) => new PipelineDagreLayout(graph, { nodesep: 24, ranksep: 56, ignoreGroups: true }))
  controller.setFitToScreenOnLayout(true, 40)
  return controller
}

/** GraphView draws the tasks in their order. The picture moves only when tasks come or go, not when states change. */
export function GraphView({ run, tasks }: { run: string; tasks: Task[] }) {
  const controller = useMemo(newController, [])
  const shape = tasks.map((t) => `${t.name}<${t.runAfter.join(',')}`).join(' ')
  useEffect(() => {
    controller.fromModel({ graph: { id: 'tasks', type: 'graph', layout: 'tasks' }, ...modelOf(run, tasks) }, false)
    action(() => controller.getGraph().layout())()
    // Only another shape needs a layout.
  }, [controller, run, shape])
  useEffect(() => {
    if (!controller.hasGraph()) return
    action(() => {
      for (const task of tasks) controller.getNodeById(task.name)?.setData({ task, run })
    })()
  }, [controller, run, tasks])
  const zoom = (by: number) => action(() => controller.getGraph().scaleBy(by))
  const buttons = createTopologyControlButtons({
    ...defaultControlButtonsOptions,
    zoomInCallback: zoom(4 / 3),
    zoomOutCallback: zoom(3 / 4),
    fitToScreenCallback: action(() => controller.getGraph().fit(40)),
    resetView: false,
    legend: false,
  })
  return (
    <section className="card graph" aria-label="Graph of the tasks">
      <TopologyView controlBar={<TopologyControlBar controlButtons={buttons} />}>
        <VisualizationProvider controller={controller}>
          <VisualizationSurface />
        </VisualizationProvider>
      </TopologyView>
    </section>
  )
}

function modelOf(run: string, tasks: Task[]) {
  const nodes: PipelineNodeModel[] = tasks.map((task) => ({
    id: task.name,
    type: task.finally ? DEFAULT_FINALLY_NODE_TYPE : DEFAULT_TASK_NODE_TYPE,
    label: task.name,
    runAfterTasks: task.runAfter,
    data: { task, run },
    ...sizeOf(task),
  }))
  nodes.push(...getSpacerNodes(nodes))
  return { nodes, edges: getEdgesFromNodes(nodes, DEFAULT_SPACER_NODE_TYPE, DEFAULT_EDGE_TYPE) }
}
