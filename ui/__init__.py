"""The faces of the chatbot: terminal, REST and web page; they show what the other packages decide."""
