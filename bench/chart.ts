import { init } from "echarts";
import { baselineOf, type BenchReport } from "./report.ts";
import { summarize } from "./summarize.ts";

const WIDTH = 860;
const ROW_HEIGHT = 46;
const AROUND = 150;
/** Every tool looks the same in every chart. */
const LOOKS: readonly [tool: string, color: string, symbol: string][] = [
  ["corehaul", "#0b5fff", "diamond"],
  ["corehaul-100", "#7aa7ff", "diamond"],
  ["corehaul-no-pin", "#a371f7", "diamond"],
  ["curl", "#d1242f", "circle"],
  ["wget2", "#1a7f37", "circle"],
  ["aria2c", "#bf8700", "circle"],
  ["aria2c-default", "#e3b341", "emptyCircle"],
  ["axel", "#8250df", "triangle"],
  ["rclone", "#0598bc", "rect"],
  ["deno-floor", "#24292f", "emptyTriangle"],
  ["original", "#6e7781", "emptyCircle"],
];

/**
 * Draws how fast each tool was: a row for each case, and in it a mark for each tool, at its speed compared with
 * Corehaul's. The scale is logarithmic, so that twice as fast and half as fast are equally far away.
 *
 * @param report What was measured; cases in which only one tool took part are left out.
 * @returns An SVG document.
 */
export function chartSvg(report: BenchReport): string {
  const baseline = baselineOf(report);
  const cases = report.workloads.flatMap((workload) => workload.cases).filter(({ tools }) => tools.length > 1);
  const speeds = cases.flatMap((one) => {
    const reference = one.tools.find(({ tool }) => tool === baseline);
    return one.tools.map((tool) => ({
      tool: tool.tool,
      label: one.label,
      speed: 1 / summarize(one, tool, reference).ratio,
    }));
  }).filter(({ speed }) => Number.isFinite(speed));
  const seen = new Set(speeds.map(({ tool }) => tool));
  const chart = init(null, null, {
    renderer: "svg",
    ssr: true,
    width: WIDTH,
    height: AROUND + ROW_HEIGHT * cases.length,
  });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      textStyle: { fontFamily: "sans-serif" },
      title: {
        text: `Speed compared with ${baseline}: further right is faster`,
        subtext: `${report.date.slice(0, 10)}, ${report.machine.cpu}, ${report.machine.cores} cores, medians of ` +
          `${report.settings.rounds} rounds`,
        left: "center",
      },
      legend: { bottom: 0, itemGap: 18, itemWidth: 14 },
      grid: { left: 100, right: 30, top: 70, bottom: 65 },
      xAxis: {
        type: "log",
        logBase: 2,
        ...rangeOf(speeds.map(({ speed }) => speed)),
        axisLabel: { formatter: (value: number) => value < 1 ? `1/${Math.round(1 / value)}` : `${Math.round(value)}` },
      },
      yAxis: { type: "category", inverse: true, data: cases.map(({ label }) => label), splitLine: { show: true } },
      series: LOOKS.filter(([tool]) => seen.has(tool)).map(([tool, color, symbol]) => ({
        type: "scatter",
        name: tool,
        color,
        symbol,
        symbolSize: tool === baseline ? 15 : 11,
        data: speeds.filter((one) => one.tool === tool).map(({ speed, label }) => [speed, label]),
      })),
    });
    return chart.renderToSVGString() + "\n";
  } finally {
    chart.dispose();
  }
}

/** The powers of two around all of them. */
function rangeOf(speeds: readonly number[]): { min: number; max: number } {
  return {
    min: 2 ** Math.floor(Math.log2(Math.min(0.5, ...speeds))),
    max: 2 ** Math.ceil(Math.log2(Math.max(2, ...speeds))),
  };
}
