"""The chat page: a Gradio face that turns the events of a reply into something to read and click."""
