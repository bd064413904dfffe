"""The films of bokeh_sampledata."""
