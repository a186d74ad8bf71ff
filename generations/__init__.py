"""The product: generations, their storyboards, clips, stages and progress."""
