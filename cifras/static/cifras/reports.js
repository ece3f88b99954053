// The chart of a report: its figures stand under it as a table, so it is for the eyes only.
(() => {
  "use strict";

  let chart;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isDark = () => document.documentElement.classList.contains("dark");
  const lines = () => colour(isDark() ? "--color-base-700" : "--color-base-200");
  const words = () => colour(isDark() ? "--color-base-300" : "--color-base-600");
  const fills = () => [colour("--color-orange-400"), colour("--color-primary-600")];

  const draw = () => {
    const data = document.getElementById("report-chart-data");
    const canvas = document.getElementById("report-chart");
    if (chart) chart.destroy();
    chart = undefined;
    if (!data || !canvas || !window.Chart) return;

    const { labels, series } = JSON.parse(data.textContent);
    const tones = fills().slice(-series.length);
    chart = new window.Chart(canvas, {
      type: "bar",
      data: {
        labels,
        datasets: series.map((each, index) => ({ ...each, backgroundColor: tones[index], borderRadius: 3, maxBarThickness: 28 })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        plugins: { legend: { display: true, position: "bottom", labels: { color: words(), boxWidth: 12 } } },
        scales: {
          x: { grid: { display: false }, ticks: { color: words() } },
          y: { beginAtZero: true, grid: { color: lines() }, ticks: { color: words(), precision: 0 } },
        },
      },
    });
  };

  draw();
  document.addEventListener("htmx:afterSettle", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
})();
